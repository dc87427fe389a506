#include "proxy/systemd.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

namespace proxy::systemd {
namespace {

constexpr int first_socket = 3;  // SD_LISTEN_FDS_START

std::optional<long long> number(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr) return std::nullopt;
    long long value = 0;
    const char* end = text + std::strlen(text);
    const auto read = std::from_chars(text, end, value);
    return read.ec == std::errc() && read.ptr == end ? std::optional(value) : std::nullopt;
}

// The variables may be meant for another process that has left them to us.
bool meant_for_us(const char* name) { return number(name).value_or(::getpid()) == ::getpid(); }

}  // namespace

std::vector<int> sockets() {
    std::vector<int> all;
    const auto count = number("LISTEN_FDS");
    if (!count || *count < 1 || *count > 1024 || number("LISTEN_PID") != ::getpid()) return all;
    ::unsetenv("LISTEN_FDS");
    ::unsetenv("LISTEN_PID");
    for (int descriptor = first_socket; descriptor < first_socket + *count; ++descriptor) {
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK);
        all.push_back(descriptor);
    }
    return all;
}

void notify(std::string_view state) noexcept {
    const char* path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un to{};
    if (path == nullptr || (*path != '/' && *path != '@') || std::strlen(path) >= sizeof to.sun_path) return;
    to.sun_family = AF_UNIX;
    std::memcpy(to.sun_path, path, std::strlen(path));
    if (*path == '@') to.sun_path[0] = '\0';  // the abstract namespace
    const int descriptor = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return;
    (void)::sendto(descriptor, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to),
                   static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path)));
    ::close(descriptor);
}

std::optional<std::chrono::microseconds> watchdog() {
    const auto interval = number("WATCHDOG_USEC");
    if (!interval || *interval < 2 || !meant_for_us("WATCHDOG_PID")) return std::nullopt;
    return std::chrono::microseconds(*interval / 2);
}

}  // namespace proxy::systemd
