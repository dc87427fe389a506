#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "proxy/audit_chain.hpp"

namespace proxy {

// The file of the audit log: whole lines, appended, chained (audit_chain.hpp). Several processes may append to one file: each
// line is written under flock(2), and continues from the last line that is there. Of one thread.
//
// It is opened anew, by its name, when it was moved away. Moved away by ourselves it gets the time behind its name; the first
// record of the next file says so. An append that fails leaves nothing behind where the file is a regular one.
class audit_file {
public:
    explicit audit_file(const config::audit& settings);  // throws std::system_error where it cannot be opened
    ~audit_file();
    audit_file(const audit_file&) = delete;
    audit_file& operator=(const audit_file&) = delete;

    // The JSON object as the next line. 0, and `written` is all that was appended (records of the file's own may come first);
    // or the errno, and the same object is to be appended again later.
    int append(std::string_view json, std::chrono::system_clock::time_point when, std::string& written);
    // The append that has failed has left a part of its line behind, in what is no regular file: it is to be finished.
    bool half_done() const noexcept { return !unfinished_.empty(); }

    // By its name, as after a SIGHUP.
    void reopen();

    const audit_link& last() const noexcept { return last_; }

private:
    using time = std::chrono::system_clock::time_point;

    int take_lock();
    int prepare(std::size_t size, time when);
    void use(int descriptor);
    void follow();
    void mend(std::string torn);
    bool rotation_due(std::size_t size, time when) const;
    bool rotate(time when);
    int put(std::string_view text);

    std::string path_;
    std::uint64_t rotate_size_;
    std::chrono::milliseconds rotate_every_;
    unsigned keep_;
    int descriptor_ = -1;
    bool regular_ = false;
    off_t size_ = 0;          // where our last line ended; 0: it has not been looked at yet
    time begun_{};            // of the first record of the file
    time not_before_{};       // a rotation has failed
    audit_link last_;
    std::string first_text_;               // a line break that is owed to a torn line
    std::vector<std::string> first_;       // records of the file's own that are to come before the next one
    std::string unfinished_, composed_;    // of a line that went half way into what is no regular file
};

}  // namespace proxy
