#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <iostream>
#include <stdexcept>
#include <system_error>
#include <thread>

#include "proxy/audit_commands.hpp"
#include "proxy/audit_text.hpp"

namespace proxy {
namespace {

constexpr std::chrono::milliseconds look_again{200};

bool colours_wanted() {
    const char* no = std::getenv("NO_COLOR");  // https://no-color.org
    return (no == nullptr || *no == '\0') && ::isatty(STDOUT_FILENO) != 0;
}

// The lines of a file that grows, and of the one that takes its place.
class followed_file {
public:
    explicit followed_file(std::string path) : path_(std::move(path)), descriptor_(open_it()) {
        if (descriptor_ < 0) throw std::runtime_error(path_ + ": " + std::generic_category().message(errno));
    }
    ~followed_file() { ::close(descriptor_); }
    followed_file(const followed_file&) = delete;
    followed_file& operator=(const followed_file&) = delete;

    // The next whole line without its line break; nullopt: there is none yet.
    std::optional<std::string> next() {
        for (;;) {
            if (const auto end = buffer_.find('\n', looked_); end != buffer_.npos) {
                auto line = buffer_.substr(begin_, end - begin_);
                begin_ = looked_ = end + 1;
                return line;
            }
            buffer_.erase(0, begin_);
            begin_ = 0;
            looked_ = buffer_.size();
            if (!read_more()) return std::nullopt;
        }
    }

    // To be called when there is no line: the file may have been moved away, or cut.
    void look_for_another() {
        struct stat ours {}, named {};
        if (::fstat(descriptor_, &ours) != 0 || ::stat(path_.c_str(), &named) != 0) return;
        if (::lseek(descriptor_, 0, SEEK_CUR) > ours.st_size) ::lseek(descriptor_, 0, SEEK_SET);
        if (ours.st_dev == named.st_dev && ours.st_ino == named.st_ino) return;
        if (read_more()) return;  // the last lines of the old one first
        const int anew = open_it();
        if (anew < 0) return;
        ::close(descriptor_);
        descriptor_ = anew;
        buffer_.clear();
        begin_ = looked_ = 0;
    }

private:
    int open_it() const { return ::open(path_.c_str(), O_RDONLY | O_CLOEXEC); }

    bool read_more() {
        std::array<char, 1u << 16> piece{};
        const auto got = ::read(descriptor_, piece.data(), piece.size());
        if (got > 0) buffer_.append(piece.data(), static_cast<std::size_t>(got));
        return got > 0;
    }

    std::string path_;
    int descriptor_;
    std::string buffer_;
    std::size_t begin_ = 0, looked_ = 0;  // of the line that is next; up to where no line break is
};

// Records about the log itself are shown where nothing is asked for.
std::optional<std::string> shown(const std::string& line, const tail_options& options, bool colours) {
    const auto record = record_of_line(line);
    if (!record) return options.filter.empty() ? std::optional(options.json ? line + "\n" : "(no record) " + printable(line) + "\n") : std::nullopt;
    if (!options.filter.matches(*record)) return std::nullopt;
    return options.json ? line + "\n" : audit_text(*record, colours);
}

}  // namespace

int tail_audit(const tail_options& options) {
    followed_file file(options.file);
    const bool colours = colours_wanted();
    std::deque<std::string> last;
    while (const auto line = file.next()) {
        auto text = shown(*line, options, colours);
        if (!text) continue;
        last.push_back(std::move(*text));
        if (!options.filter.since && last.size() > options.lines) last.pop_front();
    }
    for (const auto& text : last) std::cout << text;
    std::cout.flush();
    while (options.follow && std::cout) {
        while (const auto line = file.next())
            if (const auto text = shown(*line, options, colours)) std::cout << *text << std::flush;
        std::this_thread::sleep_for(look_again);
        file.look_for_another();
    }
    return 0;
}

}  // namespace proxy
