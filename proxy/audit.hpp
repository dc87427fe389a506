#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "config/settings.hpp"

namespace proxy {

struct audit_relation {
    std::string name;
    std::string lock_mode;               // as the manual spells it
    std::optional<std::uint64_t> bytes;  // nullopt: not known
};

// One statement of a plan that was sent.
struct audit_step {
    std::string sql;
    std::string outcome;  // "done", the SQLSTATE, "skipped", or "unknown": the server was lost meanwhile
    bool undo = false;
    std::int64_t ms = 0;
};

// One line of the audit log: a decision about one Query or Execute, how one step of its plan ended, or what came of it all.
struct audit_record {
    std::string event;  // "decision", "step" or "outcome"
    std::uint64_t session = 0;
    std::string client, user, database, application_name;
    std::uint32_t server_pid = 0;
    std::string protocol;      // "simple" or "extended"
    bool transaction = false;  // inside a transaction block
    std::string statement, kind;
    bool understood = true;    // the statement was parsed; where it was not, more of it is redacted
    std::vector<audit_relation> relations;
    std::string timeout_class;
    std::vector<std::string> rules;
    std::vector<std::string> overridden;  // rules that a comment has set aside
    std::string override_reason;
    std::string action, mode;
    std::vector<std::string> plan;  // what is to run instead, as far as it is known before
    std::vector<audit_step> steps;  // ... and what came of each statement; of a "step" that one
    int attempts = 0;          // of taking the locks; 0: not counted
    double lock_wait_ms = 0;   // for its turn (locks.serialize), and from the first look to the attempt that ended it
    double duration_ms = 0;
    std::string outcome, sqlstate, tag;
    std::string ledger;  // id of the row in lockkeeper.pending
};

// One JSON object without a line break, keys in a fixed order, empty ones left out, secrets redacted. The time is UTC, RFC 3339.
std::string to_json(const audit_record& r, std::chrono::system_clock::time_point when);

// The audit log: one writer thread behind a bounded queue. A full queue makes the writer of a record wait; nothing is
// dropped. Records are whole lines, appended; a write that fails is tried again until it succeeds. A file that was moved away
// (log rotation) is made anew, by its name, with the next record.
class audit_log {
public:
    explicit audit_log(const config::audit& settings);  // throws std::system_error where the file cannot be opened
    ~audit_log();                                       // after everything queued has been written, or given up after a second of failing
    audit_log(const audit_log&) = delete;
    audit_log& operator=(const audit_log&) = delete;

    void write(const audit_record& r);  // from any thread

    static constexpr std::size_t most_bytes = 16u << 20;  // queued

private:
    void run();
    bool write_line(std::string_view line);
    void reopen_if_moved();

    std::string path_;
    int file_ = -1;  // the writer thread's, once it runs
    bool to_stdout_ = false;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<std::string> queue_;
    std::size_t queued_bytes_ = 0;
    bool ending_ = false;
    std::thread writer_;
};

}  // namespace proxy
