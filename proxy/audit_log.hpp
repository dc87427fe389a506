#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "config/settings.hpp"
#include "proxy/audit.hpp"
#include "proxy/audit_file.hpp"
#include "proxy/audit_sinks.hpp"

namespace proxy {

// For whoever watches; all but the queue and `failing` since the start.
struct audit_counters {
    std::uint64_t queued = 0, queued_bytes = 0;  // records that wait to be written
    std::uint64_t written = 0;                   // records, those about the log itself included
    std::uint64_t blocked = 0;                   // times that somebody had to wait for room in the queue
    std::uint64_t refused = 0;                   // decisions that could not be written: their statements were refused
    std::uint64_t lost = 0;                      // records that there was no room for while nothing could be written
    std::uint64_t failures = 0;                  // times that it could not be written any more
    bool failing = false;                        // it cannot be written now
};

// The audit log: one thread that writes behind a bounded queue, to the file, then to standard output and syslog. A full queue
// makes those wait who have something to say; as long as the log can be written nothing is dropped. Where it has taken no record for
// `patience` meanwhile (a standard output that nobody reads, a disk that hangs) it cannot be written.
//
// Where it cannot be written, it is tried again until it can. With audit.on_failure: refuse nothing that changes the schema is to
// happen unseen: the decision to run a statement in mode enforce is waited for until it is written, for `patience` at most, and
// where that has failed the statement is not to be run. Whatever else is to be written meanwhile (how statements end that were
// under way, what is refused anyway) waits in the queue, without anybody waiting for it; what there is no room for is counted.
// Then a record, "gap", tells from when to when nothing was written and how much that concerns.
class audit_log {
public:
    static constexpr std::size_t most_bytes = 16u << 20;  // queued
    static constexpr std::chrono::milliseconds patience{1000};

    // Throws std::system_error where the file cannot be opened. `room`: bytes in the queue.
    explicit audit_log(const config::audit& settings, std::size_t room = most_bytes);
    ~audit_log();                                       // after everything queued has been written, or given up after a second of failing
    audit_log(const audit_log&) = delete;
    audit_log& operator=(const audit_log&) = delete;

    // From any thread. Empty, or why the statement that is decided here is not to be run.
    std::string write(const audit_record& r);

    // Opens the file anew, soon. From any thread.
    void reopen();

    audit_counters counters() const;

private:
    enum class fate { waits, written, refused };
    struct entry {
        std::string json;              // not chained yet
        std::shared_ptr<fate> answer;  // somebody waits for what becomes of it; else null
        bool gap = false;              // json is made when it is its turn
        std::string lines{};           // chained; of the sinks some may have it
        std::string_view rest{};       // ... what the sink has not taken that is next
        std::size_t sink = 0;
        bool begun = false;            // a part of it is somewhere already
    };

    void run();
    int put(entry& e);
    bool heed(int problem);
    void begin_failing(std::string reason);
    void end_failing();
    void drop_unwritten();
    bool front_begun() const noexcept { return in_hand_ || (!queue_.empty() && queue_.front().begun); }
    bool has_room(std::size_t size) const noexcept { return queue_.empty() || queued_bytes_ + size <= room_; }
    void queue(entry e);
    void await_room(std::unique_lock<std::mutex>& hold, std::size_t size, bool must);
    std::string gap_record() const;

    const bool refuses_;
    const std::size_t room_;
    std::optional<audit_file> file_;  // this and what follows are the thread's, once it runs
    std::optional<audit_stdout> stdout_;
    std::optional<audit_syslog> syslog_;
    audit_link link_;  // where there is no file
    std::optional<std::chrono::steady_clock::time_point> complained_;
    int tries_left_;

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::list<entry> queue_;  // the thread has the front one in hand while it is `in_hand_`
    bool in_hand_ = false;
    std::size_t queued_bytes_ = 0;
    audit_counters counters_;
    std::string reason_;       // while it fails
    std::chrono::system_clock::time_point failing_since_{};
    std::uint64_t refused_before_ = 0, lost_before_ = 0;  // of the counters, when it began to fail
    bool ending_ = false, reopen_ = false;
    std::thread writer_;
};

}  // namespace proxy
