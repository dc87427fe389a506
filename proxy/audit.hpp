#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proxy {

struct audit_relation {
    std::string name;
    std::string lock_mode;               // as the manual spells it
    std::optional<std::uint64_t> bytes;  // nullopt: not known
    std::optional<double> hold_ms;       // of "released"
};

// One statement of a plan that was sent.
struct audit_step {
    std::string sql;
    std::string outcome;  // "done", the SQLSTATE, "skipped", or "unknown": the server was lost meanwhile
    bool undo = false;
    std::int64_t ms = 0;
};

// A session that was in the way, as the observer has seen it.
struct audit_blocker {
    std::uint32_t pid = 0;
    std::string user, application_name, state, query;  // as in pg_stat_activity; of the query the first 200 characters
    double seconds = 0;       // age of its transaction
    double idle_seconds = 0;  // of a "terminated" one: for how long it had been idle in it
};

// One line of the audit log: a decision about one Query or Execute, how one step of its plan ended, what came of it all, that a
// transaction has ended which held strong locks, or that the observer has ended a session. README.md says what each member is.
struct audit_record {
    std::string event;  // "decision", "step", "outcome", "released" or "terminated"
    std::uint64_t session = 0;
    std::string client, user, database, application_name;
    std::uint32_t server_pid = 0;
    std::string protocol;      // "simple" or "extended"
    bool transaction = false;  // inside a transaction block
    std::string statement, fingerprint, kind;
    bool understood = true;    // the statement was parsed; where it was not, more of it is redacted
    std::vector<audit_relation> relations;
    std::string timeout_class;
    std::vector<std::string> rules;
    std::vector<std::string> overridden;  // rules that a comment has set aside
    std::string override_reason;
    std::string action, mode;
    std::vector<std::string> plan;  // what is to run instead, as far as it is known before
    std::vector<audit_step> steps;  // ... and what came of each statement; of a "step" that one
    bool sent = false;         // the statement as it was written has gone to the server
    bool strong = false;       // it wants a strong lock
    std::chrono::steady_clock::time_point asked{};  // when what takes that was sent
    int attempts = 0;          // of taking the locks, of all steps together; 0: not counted
    double lock_wait_ms = 0;   // for its turn (locks.serialize), and from the first look to the attempt that ended it
    int gave_way = 0;          // of the attempts: ended because of locks.max_queue
    std::size_t queued = 0;    // the most sessions that the observer has seen behind it
    std::vector<audit_blocker> blockers;  // whom it has seen in the way; of "terminated" the one that was ended
    std::optional<double> hold_ms;  // where the lock is not kept behind the statement
    double duration_ms = 0;
    std::string outcome, sqlstate, tag;
    std::string ledger;  // id of the row in lockkeeper.pending
    std::string unwritten;  // of a decision: why it is not in the log, and its statement is not to be run

    // Of a statement that takes a strong lock in attempts: it began to wait at `began`, and what ended the waiting was sent at `last`.
    void note_wait(std::chrono::steady_clock::time_point began, std::chrono::steady_clock::time_point last, bool lost,
                   std::chrono::steady_clock::time_point now, int tries);
    // Such a step of a plan, sent at `last`, has ended at `now` with the transaction of its own: how long the lock was there at most.
    void note_hold(std::chrono::steady_clock::time_point last, std::chrono::steady_clock::time_point now);
};

// Takes a record to the audit log. Not empty: why the statement of this decision is not to be run (audit.on_failure).
using audit_sink = std::function<std::string(audit_record&&)>;

inline double milliseconds_of(std::chrono::steady_clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

// One JSON object without a line break, keys in a fixed order, empty ones left out, secrets redacted. The time is UTC, RFC 3339.
std::string to_json(const audit_record& r, std::chrono::system_clock::time_point when);

// 2026-11-22T07:01:10.582840Z
std::string rfc3339(std::chrono::system_clock::time_point when);

}  // namespace proxy
