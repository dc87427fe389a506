#include "proxy/audit_file.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <thread>

#include "proxy/audit.hpp"
#include "proxy/audit_rotation.hpp"

namespace proxy {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;

constexpr milliseconds lock_pause{2};
constexpr std::chrono::minutes second_try{1};  // of a rotation that has failed
constexpr int lock_tries = 500;  // another process has it for one write

int open_file(const std::string& path) { return ::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0600); }

// What cannot be read, such as a pipe of which this is the other end, is written only.
int open_to_write(const std::string& path) { return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600); }

bool is_regular(const std::string& path) {
    struct stat is {};
    return ::stat(path.c_str(), &is) != 0 || S_ISREG(is.st_mode);
}

// The file that is open is no more the one of this name: it was moved away, as log rotation does.
bool moved(int descriptor, const std::string& path) {
    struct stat ours {}, named {};
    if (::fstat(descriptor, &ours) != 0) return false;
    return ::stat(path.c_str(), &named) != 0 || ours.st_dev != named.st_dev || ours.st_ino != named.st_ino;
}

off_t size_of(int descriptor) {
    struct stat is {};
    return ::fstat(descriptor, &is) == 0 ? is.st_size : 0;
}

// The time of the first record; that of the last change where it has none.
std::chrono::system_clock::time_point begin_of(int descriptor) {
    if (const auto first = time_of_record(read_beginning(descriptor, 256))) return *first;
    struct stat is {};
    return ::fstat(descriptor, &is) == 0 ? std::chrono::system_clock::from_time_t(is.st_mtime) : std::chrono::system_clock::time_point{};
}

}  // namespace

audit_file::audit_file(const config::audit& settings)
    : path_(settings.file), rotate_size_(settings.rotate_size), rotate_every_(settings.rotate_every), keep_(settings.keep) {
    std::signal(SIGXFSZ, SIG_IGN);  // a limit of file sizes (RLIMIT_FSIZE) is an error like a full disk
    const int opened = is_regular(path_) ? open_file(path_) : open_to_write(path_);
    if (opened < 0) throw std::system_error(errno, std::generic_category(), "audit log " + path_);
    use(opened);
}

audit_file::~audit_file() { ::close(descriptor_); }

void audit_file::use(int descriptor) {
    if (descriptor_ >= 0) {
        if (!first_text_.empty() && ::write(descriptor_, first_text_.data(), first_text_.size()) < 0) spdlog::debug("a torn line stays open");
        first_text_.clear();
        ::close(descriptor_);
    }
    descriptor_ = descriptor;
    struct stat is {};
    regular_ = ::fstat(descriptor_, &is) == 0 && S_ISREG(is.st_mode);
    size_ = 0;
    begun_ = {};
}

// Others have written, or we begin: the next record continues from the last line that is there. Under the lock.
void audit_file::follow() {
    auto end = read_end(descriptor_);
    if (end.last && end.last->seq > last_.seq) last_ = *end.last;
    size_ = size_of(descriptor_);
    if (size_ > 0) begun_ = begin_of(descriptor_);
    if (!end.torn.empty()) mend(std::move(end.torn));
}

// What a crash has left of a line stays, as a line of its own, and the next record says of it what it was.
void audit_file::mend(std::string torn) {
    if (!first_text_.empty()) return;
    first_text_ = "\n";
    json::object o{{"time", rfc3339(std::chrono::system_clock::now())}, {"event", "mended"}};
    o["bytes"] = torn.size();
    o["sha256"] = sha256(torn);
    first_.push_back(json::serialize(o));
}

int audit_file::take_lock() {
    if (!regular_) return 0;
    for (int tries = lock_tries;; --tries) {
        if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return 0;
        if (errno != EWOULDBLOCK && errno != EINTR) return 0;  // a file system without it: then nobody has it
        if (tries == 0) return EWOULDBLOCK;
        std::this_thread::sleep_for(lock_pause);
    }
}

// The file that is to be written to, locked, and what it ends with known.
int audit_file::prepare(std::size_t size, time when) {
    for (;;) {
        if (const int problem = take_lock()) return problem;
        if (!regular_) return 0;
        const auto now = size_of(descriptor_);
        // One that has shrunk was cut: what we wrote last is what the next record follows, so that it shows.
        if (now > size_) follow();
        else size_ = now;
        // An empty one continues from what stands in the others, which may be more than we have read: several may have been
        // moved away by others while we waited for the first.
        if (auto last = now == 0 ? last_of_rotated(path_) : std::nullopt; last && last->seq > last_.seq) last_ = std::move(*last);
        if (moved(descriptor_, path_)) {
            const int anew = open_file(path_);
            if (anew < 0) return 0;  // the records still go to the old one
            use(anew);
            continue;
        }
        if (!rotation_due(size, when) || !rotate(when)) return 0;
    }
}

bool audit_file::rotation_due(std::size_t size, time when) const {
    if (size_ == 0 || when < not_before_) return false;
    if (rotate_size_ > 0 && static_cast<std::uint64_t>(size_) + size > rotate_size_) return true;
    if (rotate_every_ <= milliseconds::zero()) return false;
    const auto span_of = [&](time t) { return std::chrono::duration_cast<milliseconds>(t.time_since_epoch()) / rotate_every_; };
    return span_of(when) > span_of(begun_);
}

// Under the lock of the old file, so that of several processes one does it; the others find it moved.
bool audit_file::rotate(time when) {
    // Not `when`: others may have moved one away meanwhile, and the names tell the order.
    const auto name = rotated_name(path_, std::chrono::system_clock::now());
    const bool renamed = ::rename(path_.c_str(), name.c_str()) == 0;
    const int anew = renamed ? open_file(path_) : -1;
    if (anew < 0) {
        spdlog::error("the audit log stays in {}, it cannot be moved away: {}", path_, std::generic_category().message(errno));
        if (renamed) (void)::rename(name.c_str(), path_.c_str());
        not_before_ = when + second_try;
        return false;
    }
    json::object o{{"time", rfc3339(when)}, {"event", "rotated"}};
    o["file"] = name.substr(name.rfind('/') + 1);
    o["bytes"] = size_;
    if (auto removed = remove_old_files(path_, keep_); !removed.empty()) o["removed"] = std::move(removed);
    spdlog::info("the audit log up to record {}, hash {}, is {} now", last_.seq, last_.hash, name);
    use(anew);
    first_.push_back(json::serialize(o));
    return true;
}

void audit_file::reopen() {
    if (!regular_) return;
    const int anew = open_file(path_);
    if (anew < 0) {
        spdlog::error("the audit log {} stays as it was: {}", path_, std::generic_category().message(errno));
        return;
    }
    // What others have written to the old one meanwhile is what a new one continues from.
    if (take_lock() == 0 && size_of(descriptor_) > size_) follow();
    use(anew);
}

int audit_file::append(std::string_view json, time when, std::string& written) {
    if (!half_done()) {
        const int problem = prepare(json.size() + 200, when);
        if (problem != 0) {
            if (regular_) (void)::flock(descriptor_, LOCK_UN);
            return problem;
        }
        auto link = last_;
        composed_ = first_text_;
        for (const auto& one : first_) composed_ += chained(one, link);
        composed_ += chained(json, link);
        unfinished_ = composed_;
        std::swap(last_, link);
        const int failed = put(unfinished_);
        if (failed != 0 && (regular_ || unfinished_.size() == composed_.size())) {
            unfinished_.clear();
            last_ = link;
        }
        if (regular_ && failed == 0) {  // under the lock: what comes behind it is of others
            if (size_ == 0) begun_ = when;
            size_ = size_of(descriptor_);
        }
        if (regular_) (void)::flock(descriptor_, LOCK_UN);
        if (failed != 0) return failed;
    } else if (const int failed = put(unfinished_)) {
        return failed;
    }
    written = composed_.substr(first_text_.size());
    first_text_.clear();
    first_.clear();
    return 0;
}

// Takes what it has written off unfinished_. A regular file is cut back to where it was if not all of it fits.
int audit_file::put(std::string_view text) {
    while (!text.empty()) {
        const auto done = ::write(descriptor_, text.data(), text.size());
        if (done >= 0) {
            text.remove_prefix(static_cast<std::size_t>(done));
            continue;
        }
        if (errno == EINTR) continue;
        const int problem = errno;
        if (regular_ && ::ftruncate(descriptor_, size_) != 0) spdlog::error("the audit log cannot be cut back to its last whole line");
        unfinished_ = std::string(text);
        return problem;
    }
    unfinished_.clear();
    return 0;
}

}  // namespace proxy
