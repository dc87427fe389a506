#include "proxy/observer.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <spdlog/spdlog.h>

namespace proxy {
namespace {

constexpr std::chrono::seconds first_back_off{1}, longest_back_off{60};
constexpr std::chrono::seconds idle_at_most{60};  // of the connection, then it is closed
constexpr std::size_t most_blockers = 20;         // told of a statement

struct failure : std::runtime_error {
    using std::runtime_error::runtime_error;
};

}  // namespace

observer::observer(config::observer settings, hands to) : to_(std::move(to)) { renew(settings); }

observer::~observer() { stop(); }

// The thread begins with the first observer.dsn.
void observer::renew(const config::observer& settings) {
    const std::lock_guard hold(mutex_);
    const bool same = next_.dsn == settings.dsn && next_.interval == settings.interval;
    next_ = settings;
    if (stopped_ || (same && thread_.joinable())) return;
    renewed_ = true;
    changed_.notify_one();
    if (!thread_.joinable() && !next_.dsn.empty()) thread_ = std::thread([this] { run(); });
}

void observer::stop() {
    {
        const std::lock_guard hold(mutex_);
        stopped_ = true;
    }
    changed_.notify_one();
    connection_.interrupt();
    if (thread_.joinable()) thread_.join();
}

void observer::note(audit_record& r) {
    const std::lock_guard hold(mutex_);
    if (next_.dsn.empty()) return;
    if (r.event == "decision") {
        sightings_.erase(r.session);
        woken_ = true;
        changed_.notify_one();
    }
    if (r.event != "outcome") return;
    const auto seen = sightings_.find(r.session);
    if (seen == sightings_.end()) return;
    r.queued = seen->second.queued;
    for (const auto& [pid, b] : seen->second.blockers) r.blockers.push_back(b);  // kept: what is put off has one more outcome
}

std::optional<observer_view> observer::view() const {
    const std::lock_guard hold(mutex_);
    if (next_.dsn.empty()) return std::nullopt;
    return view_;
}

std::optional<std::string> wrong_with_connections(const config::settings& s) {
    for (const auto& [name, dsn] : {std::pair{"observer.dsn", &s.observer.dsn}, {"auth.dsn", &s.auth.dsn}})
        if (!is_connection_string(*dsn))
            return std::string(name) + ": libpq does not understand it (what is wrong is not shown here, for it may be a piece of a password)";
    return std::nullopt;
}

// ---- the thread

void observer::run() {
    std::unique_lock hold(mutex_);
    while (!stopped_) {
        if (renewed_) take_renewed();
        if (std::exchange(woken_, false) && !watching_ && !settings_.dsn.empty()) {
            watching_ = true;
            next_look_ = clock::now() + settings_.interval;
        }
        const auto at = due();
        const auto something_new = [this] { return stopped_ || renewed_ || (woken_ && !watching_); };
        if (!at) changed_.wait(hold, something_new);
        else changed_.wait_until(hold, *at, something_new);
        if (stopped_ || renewed_ || !due() || clock::now() < *due()) continue;
        hold.unlock();
        try {
            if (watching_) look();
            else if (retry_at_) connect();
            else connection_.close();
        } catch (const std::exception& problem) {
            fail(problem.what());
        }
        hold.lock();
    }
}

// When there is something to do although nobody says so. It keeps trying to connect, so that the metrics tell before it is needed.
std::optional<observer::clock::time_point> observer::due() const {
    if (watching_) return next_look_;
    if (retry_at_) return retry_at_;
    if (connection_.is_open()) return idle_since_ + idle_at_most;
    return std::nullopt;
}

void observer::take_renewed() {
    renewed_ = false;
    const bool same = settings_.dsn == next_.dsn;
    settings_ = next_;
    if (same) return;
    connection_.close();
    back_off_ = {};
    retry_at_.reset();
    sees_little_told_ = may_not_terminate_told_ = false;
    view_.up = true;
    view_.seen.reset();
    sightings_.clear();
    if (settings_.dsn.empty()) watching_ = false;
    else retry_at_ = clock::now();
}

// The connection may have broken while nobody looked, as when the server was restarted: then once more with a new one.
void observer::look() {
    next_look_ = clock::now() + settings_.interval;
    const auto [all, complete] = to_.sessions();
    watching_ = !all.empty();
    idle_since_ = clock::now();
    const bool at_work = std::any_of(all.begin(), all.end(), [](const auto& d) { return d.at_work; });
    observation seen;
    if (at_work) {
        const bool was_open = connection_.is_open();
        if (!connect()) return publish(all, {});
        try {
            seen = look_at(all);
        } catch (const failure&) {
            if (!was_open || connection_.is_open()) throw;
            if (!connect()) return publish(all, {});
            seen = look_at(all);
        }
        succeed();
    }
    publish(all, seen);
    if (at_work && complete) act(all, seen);  // else a session of ours might pass for somebody else's
}

// False: there is no connection, or it is not time to try.
bool observer::connect() {
    if (connection_.is_open()) return true;
    if (retry_at_ && clock::now() < *retry_at_) return false;
    if (const auto why = connection_.connect(settings_.dsn); !why.empty()) return fail(why), false;
    idle_since_ = clock::now();
    terminated_.clear();
    ask(observer_settings());
    const auto rights = ask(observer_rights());
    if (!rights.empty() && rights[0][1] != "t" && !std::exchange(sees_little_told_, true))
        spdlog::warn("observer: {} is no member of pg_monitor, and does not see what other users' sessions do", rights[0][0].value_or(""));
    succeed();
    return true;
}

policy::catalog_rows observer::ask(const policy::catalog_query& query) {
    auto told = connection_.run(query);
    if (!told.problem.empty()) throw failure(told.problem);
    return std::move(told.rows);
}

observation observer::look_at(const std::vector<ddl_under_way>& all) {
    const auto waits = read_waits(ask(waits_query(all)));
    auto backends = read_backends(ask(backends_query(told_of(all, waits))));
    return observe(all, waits, std::move(backends), read_progress(ask(progress_query(all))));
}

void observer::publish(const std::vector<ddl_under_way>& all, observation seen) {
    const std::lock_guard hold(mutex_);
    std::set<std::uint64_t> there;
    for (const auto& d : all) {
        there.insert(d.session);
        const auto* o = seen.of(d.server_pid);
        if (o == nullptr) continue;
        auto& of_it = sightings_[d.session];
        of_it.queued = std::max(of_it.queued, o->queue.size());
        for (const auto pid : o->blockers)
            if (const auto* b = seen.backend_of(pid); b != nullptr && (of_it.blockers.size() < most_blockers || of_it.blockers.count(pid) != 0))
                of_it.blockers[pid] = audited(*b);
    }
    std::erase_if(sightings_, [&](const auto& one) { return there.count(one.first) == 0; });
    view_.seen = seen.ddl.empty() ? nullptr : std::make_shared<const observation>(std::move(seen));
}

void observer::act(const std::vector<ddl_under_way>& all, const observation& seen) {
    for (const auto& d : all) {
        const auto* o = seen.of(d.server_pid);
        if (o == nullptr) continue;
        if (too_many_behind(d, *o)) {
            spdlog::debug("session {}: {} sessions queue behind its attempt (locks.max_queue)", d.session, o->queue.size());
            to_.end_attempt(d.session, d.attempt, o->queue.size());
        }
        for (const auto pid : to_terminate(d, seen, all)) terminate(d, *seen.backend_of(pid));
    }
}

void observer::terminate(const ddl_under_way& waiter, const backend& b) {
    if (terminated_.count({b.pid, b.began}) != 0) return;
    const auto told = connection_.run(termination(b, waiter.server_pid));
    if (told.sqlstate == "42501") {
        if (!std::exchange(may_not_terminate_told_, true))
            spdlog::error("observer: locks.terminate_blockers: process {} stays: {}. Grant pg_signal_backend to the role of observer.dsn", b.pid, told.problem);
        return;
    }
    if (!told.problem.empty()) throw failure(told.problem);
    if (told.rows.empty() || told.rows[0][0] != "t") return;  // it has gone on meanwhile
    terminated_.insert({b.pid, b.began});
    spdlog::warn("session {} waits for process {} (user {}), idle in a transaction for {:.0f} s: that one was ended (locks.terminate_blockers)",
                 waiter.session, b.pid, b.user, b.idle_seconds);
    {
        const std::lock_guard hold(mutex_);
        ++view_.terminated;
    }
    to_.audit({.event = "terminated", .session = waiter.session, .client = waiter.client, .user = waiter.user, .database = waiter.database,
               .application_name = waiter.application_name, .server_pid = waiter.server_pid, .blockers = {audited(b)}});
}

void observer::succeed() {
    back_off_ = {};
    if (std::exchange(retry_at_, std::nullopt)) {
        const std::lock_guard hold(mutex_);
        if (!std::exchange(view_.up, true)) spdlog::info("observer: it works again");
    }
}

// One line for each time that it begins to fail.
void observer::fail(const std::string& why) {
    connection_.close();
    back_off_ = back_off_.count() == 0 ? first_back_off : std::min(back_off_ * 2, longest_back_off);
    retry_at_ = clock::now() + back_off_;
    const std::lock_guard hold(mutex_);
    ++view_.failures;
    view_.seen.reset();
    if (stopped_ || !std::exchange(view_.up, false)) return;
    spdlog::error("observer: it cannot look at the server, and tries again; schema changes go on with less detail: {}", why);
}

}  // namespace proxy
