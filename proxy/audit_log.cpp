#include "proxy/audit_log.hpp"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <algorithm>
#include <cerrno>
#include <iterator>
#include <system_error>
#include <utility>

namespace proxy {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;
using std::chrono::system_clock;

constexpr std::chrono::milliseconds pause{100};  // before a write that failed is tried again
constexpr std::chrono::seconds complaint_interval{60};
constexpr int tries_at_the_end = 10;
constexpr auto silent = "it has not taken a record for a second";

// A record about the log itself.
json::object own_record(std::string_view event) {
    return {{"time", rfc3339(system_clock::now())}, {"event", event}, {"pid", ::getpid()}};
}

std::string started() {
    auto o = own_record("started");
    o["version"] = LOCKKEEPER_VERSION;
    return json::serialize(o);
}

std::string stopped(const audit_counters& c) {
    auto o = own_record("stopped");
    o["records"] = c.written + c.queued + 1;
    o["refused"] = c.refused;
    o["lost"] = c.lost;
    return json::serialize(o);
}

// A decision that something is to be done that must not happen unseen.
bool must_be_written(const audit_record& r) { return r.event == "decision" && r.mode == "enforce" && r.action != "reject"; }

}  // namespace

audit_log::audit_log(const config::audit& settings, std::size_t room)
    : refuses_(settings.on_failure == config::audit_failure::refuse), room_(room), tries_left_(tries_at_the_end) {
    if (!settings.file.empty()) file_.emplace(settings);
    if (settings.to_stdout) stdout_.emplace();
    if (!settings.syslog.empty()) syslog_.emplace(settings.syslog);
    if (!file_ && !stdout_ && !syslog_) return;
    queue({.json = started()});
    writer_ = std::thread([this] { run(); });
}

audit_log::~audit_log() {
    if (!writer_.joinable()) return;
    {
        const std::lock_guard hold(mutex_);
        queue({.json = stopped(counters_)});
        ending_ = true;
    }
    changed_.notify_all();
    writer_.join();
}

void audit_log::queue(entry e) {
    queued_bytes_ += e.json.size();
    ++counters_.queued;
    queue_.push_back(std::move(e));
}

std::string audit_log::write(const audit_record& r) {
    if (!writer_.joinable()) return {};
    const bool must = refuses_ && must_be_written(r);
    entry e{.json = to_json(r, system_clock::now()), .answer = must ? std::make_shared<fate>(fate::waits) : nullptr};
    const auto answer = e.answer;
    std::unique_lock hold(mutex_);
    if (!counters_.failing && !has_room(e.json.size())) await_room(hold, e.json.size(), must);
    if (counters_.failing && must) return ++counters_.refused, reason_;
    if (counters_.failing && !has_room(e.json.size())) return ++counters_.lost, std::string();
    queue(std::move(e));
    changed_.notify_all();
    if (!must) return {};
    changed_.wait_for(hold, patience, [&] { return *answer != fate::waits; });
    if (*answer == fate::waits) begin_failing(silent);
    if (*answer == fate::written) return {};
    // The decision is on its way, at least in part: then it is told that nothing came of it.
    const bool stays = std::any_of(queue_.begin(), queue_.end(), [&](const entry& q) { return q.answer == answer; });
    if (stays) {
        auto outcome = r;
        outcome.event = "outcome";
        outcome.outcome = "refused";
        outcome.sqlstate = "LK005";
        queue({.json = to_json(outcome, system_clock::now())});
    }
    return reason_;
}

// A decision that must be written waits for `patience` in all; whatever else, as long as records are being taken: a disk that is
// slow loses none, one that hangs does not stop the sessions.
void audit_log::await_room(std::unique_lock<std::mutex>& hold, std::size_t size, bool must) {
    ++counters_.blocked;
    for (;;) {
        const auto written = counters_.written;
        if (changed_.wait_for(hold, patience, [&] { return counters_.failing || has_room(size); })) return;
        if (must || counters_.written == written) return begin_failing(silent);
    }
}

void audit_log::reopen() {
    {
        const std::lock_guard hold(mutex_);
        reopen_ = true;
    }
    changed_.notify_all();
}

audit_counters audit_log::counters() const {
    const std::lock_guard hold(mutex_);
    auto c = counters_;
    c.queued_bytes = queued_bytes_;
    return c;
}

// Under the lock. What waits to be allowed is refused; the gap's own record comes next.
void audit_log::begin_failing(std::string reason) {
    if (counters_.failing) return;
    counters_.failing = true;
    ++counters_.failures;
    reason_ = std::move(reason);
    failing_since_ = system_clock::now();
    refused_before_ = counters_.refused;
    lost_before_ = counters_.lost;
    spdlog::error("the audit log cannot be written, it is tried again: {}; {}", reason_,
                  refuses_ ? "schema changes are refused until it can be (audit.on_failure: refuse)"
                           : "schema changes go on all the same (audit.on_failure: continue)");
    queue_.insert(front_begun() ? std::next(queue_.begin()) : queue_.begin(), entry{.json = {}, .answer = nullptr, .gap = true});
    ++counters_.queued;
    drop_unwritten();
    changed_.notify_all();
}

// Decisions that nobody has begun to write are not written any more: their statements are refused.
void audit_log::drop_unwritten() {
    for (auto at = queue_.begin(); at != queue_.end();) {
        const bool begun = at == queue_.begin() && front_begun();
        const auto now = at++;
        if (!now->answer || *now->answer != fate::waits) continue;
        *now->answer = fate::refused;
        ++counters_.refused;
        if (begun) continue;
        queued_bytes_ -= now->json.size();
        --counters_.queued;
        queue_.erase(now);
    }
}

std::string audit_log::gap_record() const {
    auto o = own_record("gap");
    o["since"] = rfc3339(failing_since_);
    o["reason"] = reason_;
    o["refused"] = counters_.refused - refused_before_;
    o["lost"] = counters_.lost - lost_before_;
    return json::serialize(o);
}

void audit_log::end_failing() {
    counters_.failing = false;
    tries_left_ = tries_at_the_end;
    spdlog::info("the audit log is written again; meanwhile {} statements were refused and {} records lost",
                 counters_.refused - refused_before_, counters_.lost - lost_before_);
}

// To the file first, which chains it; then to each of the others. 0, or the errno of the one that is next.
int audit_log::put(entry& e) {
    if (e.lines.empty()) {
        if (file_) {
            if (const int problem = file_->append(e.json, system_clock::now(), e.lines)) return problem;
        } else {
            e.lines = chained(e.json, link_);
        }
        e.rest = e.lines;
    }
    for (; e.sink < 2; ++e.sink, e.rest = e.lines) {
        const int problem = e.sink == 0 ? (stdout_ ? stdout_->put(e.rest) : 0) : (syslog_ ? syslog_->put(e.rest) : 0);
        if (problem != 0) return problem;
    }
    return 0;
}

// Under the lock: the front could not be written. False: the proxy ends, and it has been tried long enough.
bool audit_log::heed(int problem) {
    const auto now = steady_clock::now();
    const auto reason = std::generic_category().message(problem);
    if (!counters_.failing) {
        begin_failing(reason);
        complained_ = now;
    } else if (complained_ && now - *complained_ > complaint_interval) {
        spdlog::error("the audit log cannot be written still: {}", reason);
        complained_ = now;
    }
    reason_ = reason;
    return !ending_ || --tries_left_ > 0;
}

void audit_log::run() {
    std::unique_lock hold(mutex_);
    for (;;) {
        changed_.wait(hold, [&] { return ending_ || reopen_ || !queue_.empty(); });
        if (std::exchange(reopen_, false) && file_) {
            hold.unlock();
            file_->reopen();
            hold.lock();
        }
        if (queue_.empty() && ending_) return;
        if (queue_.empty()) continue;
        auto& front = queue_.front();  // stays: others only append behind it while it is in hand
        if (front.gap && front.lines.empty()) front.json = gap_record();
        in_hand_ = true;
        hold.unlock();
        const int problem = put(front);
        hold.lock();
        in_hand_ = false;
        if (problem == 0) {
            ++counters_.written;
            if (front.answer && *front.answer == fate::waits) *front.answer = fate::written;
            if (front.gap) end_failing();
            queued_bytes_ -= front.gap ? 0 : front.json.size();
            --counters_.queued;
            queue_.pop_front();
            changed_.notify_all();
            continue;
        }
        front.begun = !front.lines.empty() || (file_ && file_->half_done());
        if (!heed(problem)) {
            spdlog::error("the audit log ends without its last {} records", queue_.size());
            return;
        }
        // Once it ends there is nothing more to be told: a plain pause.
        if (ending_) changed_.wait_for(hold, pause, [] { return false; });
        else changed_.wait_for(hold, pause, [&] { return ending_; });
    }
}

}  // namespace proxy
