#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "policy/decision.hpp"
#include "policy/facts.hpp"
#include "protocol/backend.hpp"

// Waiting for a lock without queueing for it. A request that waits in PostgreSQL's lock queue holds up everybody who
// comes after it, readers too (manual, 13.3; measured: one open reader and an ALTER TABLE behind it stop all traffic). So
// Lockkeeper looks first who holds what conflicts, and asks for the lock only when nobody does whom it would have to
// wait for long; if it does not come within a short lock_timeout, it steps out of the queue, waits and tries again.
namespace proxy {

// A session that holds a lock which a statement would have to wait for.
struct lock_holder {
    std::string pid, user, application_name;
    std::string state;      // as in pg_stat_activity; empty where the client may not see it, or for a prepared transaction
    std::string seconds;    // age of its transaction
    std::string lock_mode;  // as in pg_locks
    std::string relation;
    std::string query;      // the first 200 characters of its last one
    // Autovacuum, and not to prevent wraparound: the server cancels it once somebody has waited for it for deadlock_timeout.
    bool gives_way = false;
    std::string deadlock_timeout;  // as SHOW prints it
};

// The strong locks that the decision's statements wait for.
std::vector<policy::wanted_lock> wanted_locks(const policy::decision& d);
// Nobody else had or awaited a lock on any of those when the catalog was asked.
bool seen_unlocked(const policy::decision& d);

// Who holds a lock in the way of those, in a transaction older than `old_after`; autovacuum always.
policy::catalog_query holders_query(std::span<const policy::wanted_lock> locks, std::chrono::milliseconds old_after);
std::vector<lock_holder> read_holders(const policy::catalog_rows& rows);
// Takes out those that give way.
std::vector<lock_holder> take_giving_way(std::vector<lock_holder>& holders);

// For the DETAIL of the error: one sentence for each, the first three.
std::string describe(std::span<const lock_holder> holders);

// A statement got no lock: lock_not_available, or the deadlock detector chose it. Either way nothing was done.
bool lost_the_lock(std::string_view sqlstate) noexcept;

// ... and the budget is spent: the error with who is in the way.
protocol::error_fields with_holders(protocol::error_fields error, std::span<const lock_holder> holders, int attempts);

// The lock may be asked for now, with the timeouts in force.
struct lock_turn {
    std::vector<lock_holder> holders;             // empty but for the last one
    bool last = false;                            // the budget is spent: what comes now is the answer
    std::optional<protocol::error_fields> error;  // the waiting has failed, or was canceled
};

// A pause between two looks, or two parts of a step.
struct nap_in_hand {
    std::chrono::steady_clock::time_point until;
    bool heed_cancel;  // a cancel ends it

    bool over(std::chrono::steady_clock::time_point now, bool canceled) const noexcept { return (heed_cancel && canceled) || until <= now; }
};

// How often, how long. The first attempts are the shortest, so that they are hardly felt; pauses grow and are spread, so
// that two deploys do not meet again and again.
class lock_attempts {
public:
    using time = std::chrono::steady_clock::time_point;
    using duration = std::chrono::milliseconds;

    // `client_limit`: the client's own statement_timeout, which bounds the whole; 0: none. `seen`: it is known that nobody is in
    // the way of the first attempt.
    lock_attempts(const config::locks& settings, duration lock_timeout, duration client_limit, std::uint64_t seed, time now,
                  bool seen = false);

    bool looked() const noexcept { return seen_ && failed_ == 0; }

    bool may_go_on(time now) const noexcept { return now < end_; }
    duration timeout() const noexcept;  // lock_timeout of the next attempt
    duration pause() noexcept;          // before the next look
    void failed() noexcept { ++failed_; }
    int attempts() const noexcept { return failed_ + 1; }

private:
    duration longest_, next_pause_;
    std::uint64_t seed_;
    time end_;
    int failed_ = 0;
    bool seen_;
};

}  // namespace proxy
