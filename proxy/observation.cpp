#include "proxy/observation.hpp"

#include <algorithm>

#include "policy/pattern.hpp"

namespace proxy {
namespace {

constexpr std::size_t most_told = 20;  // of a queue

bool is_ours(std::uint32_t pid, const std::vector<ddl_under_way>& all) {
    return std::any_of(all.begin(), all.end(), [&](const auto& d) { return d.server_pid == pid; });
}

// Of those who wait behind, the nearest.
std::vector<std::uint32_t> first_of(std::vector<std::uint32_t> queue) {
    if (queue.size() > most_told) queue.resize(most_told);
    return queue;
}

bool fits(const backend& b, const config::locks& limits) {
    return policy::matches_any(b.user, limits.terminate_blockers_user) &&
           policy::matches_any(b.application_name, limits.terminate_blockers_application);
}

}  // namespace

const observed_ddl* observation::of(std::uint32_t pid) const {
    const auto found = ddl.find(pid);
    return found == ddl.end() ? nullptr : &found->second;
}

const backend* observation::backend_of(std::uint32_t pid) const {
    const auto found = backends.find(pid);
    return found == backends.end() ? nullptr : &found->second;
}

std::set<std::uint32_t> told_of(const std::vector<ddl_under_way>& all, const wait_graph& waits) {
    std::set<std::uint32_t> pids;
    for (const auto& d : all) {
        if (!d.at_work) continue;
        pids.insert(d.server_pid);
        pids.insert(d.in_the_way.begin(), d.in_the_way.end());
        for (const auto& some : {first_of(waits.all_before(d.server_pid)), first_of(waits.queue_behind(d.server_pid))})
            pids.insert(some.begin(), some.end());
    }
    return pids;
}

observation observe(const std::vector<ddl_under_way>& all, const wait_graph& waits, std::map<std::uint32_t, backend> backends,
                    const std::map<std::uint32_t, server_progress>& progress) {
    observation o;
    std::set<std::uint32_t> behind;
    for (const auto& d : all) {
        const auto itself = backends.find(d.server_pid);
        if (!d.at_work || itself == backends.end() || itself->second.user != d.user || itself->second.database != d.database) continue;
        auto& one = o.ddl[d.server_pid];
        one.waits = waits.waits(d.server_pid);
        one.blockers = one.waits ? waits.blockers_of(d.server_pid) : d.in_the_way;
        one.queue = waits.queue_behind(d.server_pid);
        behind.insert(one.queue.begin(), one.queue.end());
        if (const auto found = progress.find(d.server_pid); found != progress.end()) one.progress = found->second;
    }
    o.queued = behind.size();
    o.backends = std::move(backends);
    for (const auto& e : waits.edges())
        if (o.backends.count(e.waiter) != 0 && (o.backends.count(e.blocker) != 0 || e.blocker == 0)) o.edges.push_back(e);
    return o;
}

bool too_many_behind(const ddl_under_way& d, const observed_ddl& o) {
    return d.limits.max_queue > 0 && d.attempt != 0 && o.waits && o.queue.size() > d.limits.max_queue;
}

std::vector<std::uint32_t> to_terminate(const ddl_under_way& d, const observation& o, const std::vector<ddl_under_way>& all) {
    std::vector<std::uint32_t> out;
    const auto* seen = o.of(d.server_pid);
    if (seen == nullptr || d.limits.terminate_blockers <= std::chrono::milliseconds::zero()) return out;
    const auto idle_for = std::chrono::duration<double>(d.limits.terminate_blockers).count();
    for (const auto pid : seen->blockers) {
        const auto* b = o.backend_of(pid);
        if (b != nullptr && b->idle_in_transaction() && b->idle_seconds > idle_for && b->type == "client backend" && !b->privileged &&
            fits(*b, d.limits) && !is_ours(pid, all))
            out.push_back(pid);
    }
    return out;
}

audit_blocker audited(const backend& b) {
    return {.pid = b.pid, .user = b.user, .application_name = b.application_name, .state = b.state, .query = b.query,
            .seconds = b.seconds, .idle_seconds = b.idle_in_transaction() ? b.idle_seconds : 0};
}

}  // namespace proxy
