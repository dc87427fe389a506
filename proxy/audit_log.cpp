#include "proxy/audit.hpp"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace proxy {
namespace {

constexpr std::chrono::milliseconds pause{100};  // before a write that failed is tried again
constexpr std::chrono::seconds complaint_interval{10};
constexpr int tries_at_the_end = 10;

int open_file(const std::string& path) { return ::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600); }

// The file that is open is no more the one of this name: it was moved away, as log rotation does.
bool moved(int descriptor, const std::string& path) {
    struct stat ours {}, named {};
    if (::fstat(descriptor, &ours) != 0) return false;
    return ::stat(path.c_str(), &named) != 0 || ours.st_dev != named.st_dev || ours.st_ino != named.st_ino;
}

// Writes as much as it can and takes it off `rest`; 0 or the error that stopped it.
int write_out(int descriptor, std::string_view& rest) {
    while (!rest.empty()) {
        const auto written = ::write(descriptor, rest.data(), rest.size());
        if (written >= 0)
            rest.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

}  // namespace

audit_log::audit_log(const config::audit& settings) : path_(settings.file), to_stdout_(settings.to_stdout) {
    if (!path_.empty()) {
        file_ = open_file(path_);
        if (file_ < 0) throw std::system_error(errno, std::generic_category(), "audit log " + path_);
    }
    if (file_ >= 0 || to_stdout_) writer_ = std::thread([this] { run(); });
}

audit_log::~audit_log() {
    {
        const std::lock_guard hold(mutex_);
        ending_ = true;
    }
    changed_.notify_all();
    if (writer_.joinable()) writer_.join();
    if (file_ >= 0) ::close(file_);
}

void audit_log::write(const audit_record& r) {
    if (!writer_.joinable()) return;
    auto line = to_json(r, std::chrono::system_clock::now()) + "\n";
    std::unique_lock hold(mutex_);
    changed_.wait(hold, [&] { return queued_bytes_ == 0 || queued_bytes_ + line.size() <= most_bytes; });
    queued_bytes_ += line.size();
    queue_.push_back(std::move(line));
    hold.unlock();
    changed_.notify_all();
}

void audit_log::reopen_if_moved() {
    if (!moved(file_, path_)) return;
    const int anew = open_file(path_);
    if (anew < 0) return;  // the records still go to the old one
    ::close(file_);
    file_ = anew;
}

// False: the proxy ends and the line could not be written. A line that was cut short by an error goes on where it was cut.
bool audit_log::write_line(std::string_view line) {
    auto last_complaint = std::chrono::steady_clock::time_point::min();
    int tries_left = tries_at_the_end;
    reopen_if_moved();
    while (const int problem = write_out(file_, line)) {
        const auto now = std::chrono::steady_clock::now();
        if (last_complaint == std::chrono::steady_clock::time_point::min() || now - last_complaint > complaint_interval) {
            spdlog::error("the audit log cannot be written, it is tried again: {}", std::generic_category().message(problem));
            last_complaint = now;
        }
        std::unique_lock waiting(mutex_);
        // Once it ends there is nothing more to be told: a plain pause.
        if (ending_)
            changed_.wait_for(waiting, pause, [] { return false; });
        else
            changed_.wait_for(waiting, pause, [&] { return ending_; });
        if (ending_ && --tries_left == 0) return false;
    }
    return true;
}

void audit_log::run() {
    for (;;) {
        std::unique_lock hold(mutex_);
        changed_.wait(hold, [&] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const auto& line = queue_.front();  // stays: others only append
        hold.unlock();
        if (std::string_view rest = line; to_stdout_) (void)write_out(STDOUT_FILENO, rest);
        const bool written = file_ < 0 || write_line(line);
        hold.lock();
        if (!written) {
            spdlog::error("the audit log ends without its last {} records", queue_.size());
            return;
        }
        queued_bytes_ -= line.size();
        queue_.pop_front();
        hold.unlock();
        changed_.notify_all();
    }
}

}  // namespace proxy
