#include "proxy/sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

namespace proxy {
namespace {

constexpr int backlog = 1024;

template <class Sockaddr>
address wrap(const Sockaddr& from, std::size_t size = sizeof(Sockaddr)) {
    address a;
    std::copy_n(reinterpret_cast<const char*>(&from), size, reinterpret_cast<char*>(&a.storage));
    a.size = static_cast<socklen_t>(size);
    return a;
}

template <class Sockaddr>
Sockaddr unwrap(const address& from) {
    Sockaddr to{};
    std::copy_n(reinterpret_cast<const char*>(&from.storage), std::min(sizeof to, sizeof from.storage), reinterpret_cast<char*>(&to));
    return to;
}

// Without a size: the path is too long.
address at_path(const std::string& path) {
    sockaddr_un at{};
    if (path.size() >= sizeof at.sun_path) return {};
    at.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), at.sun_path);
    return wrap(at);
}

bool set(int descriptor, int level, int option, int value) noexcept {
    return ::setsockopt(descriptor, level, option, &value, sizeof value) == 0;
}

// -1 with errno where it fails.
int bound_socket(const address& where, bool shared) {
    const int descriptor = ::socket(where.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0) return -1;
    const bool ready = set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1) &&
                       (!shared || set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1)) &&
                       (where.family() != AF_INET6 || set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1)) &&
                       ::bind(descriptor, where.data(), where.size) == 0;
    if (ready) return descriptor;
    const int problem = errno;
    ::close(descriptor);
    errno = problem;
    return -1;
}

}  // namespace

boost::system::error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

address address_of(const sockaddr& from, std::size_t size) noexcept {
    address a;
    std::copy_n(reinterpret_cast<const char*>(&from), size, reinterpret_cast<char*>(&a.storage));
    a.size = static_cast<socklen_t>(size);
    return a;
}

std::string address::text() const {
    std::array<char, INET6_ADDRSTRLEN> host{};
    if (family() == AF_INET) {
        const auto in = unwrap<sockaddr_in>(*this);
        ::inet_ntop(AF_INET, &in.sin_addr, host.data(), host.size());
        return std::string(host.data()) + ":" + std::to_string(ntohs(in.sin_port));
    }
    if (family() == AF_INET6) {
        const auto in = unwrap<sockaddr_in6>(*this);
        ::inet_ntop(AF_INET6, &in.sin6_addr, host.data(), host.size());
        return "[" + std::string(host.data()) + "]:" + std::to_string(ntohs(in.sin6_port));
    }
    if (family() == AF_UNIX && size > offsetof(sockaddr_un, sun_path)) return unwrap<sockaddr_un>(*this).sun_path;
    return "local socket";
}

// The port stands at the same place in both: behind the family (RFC 3493, 3.3).
std::uint16_t address::port() const noexcept {
    return family() == AF_INET || family() == AF_INET6 ? ntohs(unwrap<sockaddr_in>(*this).sin_port) : std::uint16_t{0};
}

void address::set_port(std::uint16_t port) noexcept {
    if (family() != AF_INET && family() != AF_INET6) return;
    const std::uint16_t big_endian = htons(port);
    std::memcpy(reinterpret_cast<char*>(&storage) + offsetof(sockaddr_in, sin_port), &big_endian, sizeof big_endian);
}

std::vector<address> literal(std::string_view host, std::uint16_t port) {
    if (host.starts_with('/')) {
        const auto at = at_path(std::string(host) + "/.s.PGSQL." + std::to_string(port));
        return at.size > 0 ? std::vector{at} : std::vector<address>{};
    }
    sockaddr_in four{};
    if (::inet_pton(AF_INET, std::string(host).c_str(), &four.sin_addr) == 1) {
        four.sin_family = AF_INET;
        four.sin_port = htons(port);
        return {wrap(four)};
    }
    sockaddr_in6 six{};
    if (::inet_pton(AF_INET6, std::string(host).c_str(), &six.sin6_addr) == 1) {
        six.sin6_family = AF_INET6;
        six.sin6_port = htons(port);
        return {wrap(six)};
    }
    return {};
}

address local_address(int descriptor) noexcept {
    address a;
    a.size = sizeof a.storage;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&a.storage), &a.size) != 0) return {};
    return a;
}

address remote_address(int descriptor) noexcept {
    address a;
    a.size = sizeof a.storage;
    if (::getpeername(descriptor, reinterpret_cast<sockaddr*>(&a.storage), &a.size) != 0) return {};
    return a;
}

void tune(int descriptor, std::chrono::milliseconds user_timeout) noexcept {
    if (!set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1)) return;
    set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, 60);
    set(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 5);
    if (user_timeout.count() > 0) set(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(user_timeout.count()));
}

boost::system::result<std::vector<int>> listen_shared(const address& where, unsigned count, bool beside) {
    // SO_REUSEPORT would let a second lockkeeper of the same user take half of the clients in silence: a socket
    // without it finds out whether the place is free, and picks the port where none is given.
    auto at = where;
    if (!beside || where.port() == 0) {
        const int probe = bound_socket(where, false);
        if (probe < 0) return last_error();
        at = local_address(probe);
        ::close(probe);
    }
    std::vector<int> all;
    while (all.size() < count) {
        const int descriptor = bound_socket(at, true);
        if (descriptor >= 0) all.push_back(descriptor);
        if (descriptor >= 0 && ::listen(descriptor, backlog) == 0) continue;
        const auto problem = last_error();
        for (const int d : all) ::close(d);
        return problem;
    }
    return all;
}

// A program that the kernel asks for the number of a socket of the group (socket(7), SO_ATTACH_REUSEPORT_CBPF): always the same.
// A number that there is not is as if there were no program.
void give_way(int listening, unsigned ours) noexcept {
    sock_filter answer{BPF_RET | BPF_K, 0, 0, ours};
    const sock_fprog program{1, &answer};
    (void)::setsockopt(listening, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program);
}

// Made under another name and put in place as a whole: a client finds the old one or the new one.
boost::system::result<std::vector<int>> listen_at_path(const address& where, unsigned count, bool beside) {
    const auto path = where.text();
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool taken = probe >= 0 && ::connect(probe, where.data(), where.size) == 0;
    const bool stale = !taken && errno == ECONNREFUSED;
    if (probe >= 0) ::close(probe);
    struct stat there {};
    if ((taken && !beside) || (!taken && !stale && ::lstat(path.c_str(), &there) == 0))
        return make_error_code(boost::system::errc::address_in_use);
    const auto aside = at_path(path + "." + std::to_string(::getpid()));
    if (aside.size == 0) return make_error_code(boost::system::errc::filename_too_long);
    const auto made = aside.text();
    ::unlink(made.c_str());
    const int descriptor = bound_socket(aside, false);
    if (descriptor < 0) return last_error();
    std::vector<int> all{descriptor};
    bool good = ::chmod(made.c_str(), 0777) == 0 && ::listen(descriptor, backlog) == 0 && ::rename(made.c_str(), path.c_str()) == 0;
    while (good && all.size() < count) {
        const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
        good = copy >= 0;
        if (good) all.push_back(copy);
    }
    if (good) return all;
    const auto problem = last_error();
    for (const int d : all) ::close(d);
    return problem;
}

}  // namespace proxy
