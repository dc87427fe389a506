#include "proxy/audit_sinks.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <utility>

namespace proxy {
namespace {

constexpr int authpriv = 10, info = 6;      // <sys/syslog.h>: facility and severity
constexpr suseconds_t patience = 100'000;  // microseconds for one datagram, while the daemon is busy

std::string header() {
    const auto now = std::time(nullptr);
    std::tm local{};
    ::localtime_r(&now, &local);
    std::array<char, 32> stamp{};
    const auto length = std::strftime(stamp.data(), stamp.size(), "%h %e %T", &local);
    return "<" + std::to_string(authpriv * 8 + info) + ">" + std::string(stamp.data(), length) + " lockkeeper[" + std::to_string(::getpid()) + "]: ";
}

}  // namespace

int audit_stdout::put(std::string_view& rest) {
    while (!rest.empty()) {
        const auto written = ::write(STDOUT_FILENO, rest.data(), rest.size());
        if (written >= 0)
            rest.remove_prefix(static_cast<std::size_t>(written));
        else if (errno != EINTR)
            return errno;
    }
    return 0;
}

audit_syslog::~audit_syslog() {
    if (socket_ >= 0) ::close(socket_);
}

int audit_syslog::connect() {
    if (socket_ >= 0) return 0;
    sockaddr_un to{};
    to.sun_family = AF_UNIX;
    if (path_.size() >= sizeof to.sun_path) return ENAMETOOLONG;
    std::copy(path_.begin(), path_.end(), to.sun_path);
    socket_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_ < 0) return errno;
    const timeval limit{0, patience};
    (void)::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) return 0;
    const int problem = errno;
    ::close(socket_);
    socket_ = -1;
    return problem;
}

// The daemon may have been started anew since the last one.
int audit_syslog::send(std::string message) {
    for (bool again = true;;) {
        if (const int problem = connect()) return problem;
        if (::send(socket_, message.data(), message.size(), MSG_NOSIGNAL) >= 0) return 0;
        const int problem = errno;
        if (problem == EINTR) continue;
        if (problem == EMSGSIZE && message.size() > 1024) {
            message.resize(message.size() / 2);
            continue;
        }
        if (problem == EAGAIN) return problem;
        ::close(socket_);
        socket_ = -1;
        if (!std::exchange(again, false)) return problem;
    }
}

int audit_syslog::put(std::string_view& rest) {
    while (!rest.empty()) {
        const auto end = std::min(rest.find('\n'), rest.size() - 1);
        if (const int problem = send(header() + std::string(rest.substr(0, end)))) return problem;
        rest.remove_prefix(end + 1);
    }
    return 0;
}

}  // namespace proxy
