#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <boost/system/result.hpp>

namespace proxy {

// Where a socket is bound or connected to: IPv4, IPv6 or a path.
struct address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    const sockaddr* data() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
    int family() const noexcept { return storage.ss_family; }
    std::uint16_t port() const noexcept;           // 0 for a path
    void set_port(std::uint16_t port) noexcept;
    std::string text() const;  // "127.0.0.1:5432", "[::1]:5432", or the path
};

// A literal IPv4 or IPv6 address, or for a host that starts with '/' the server's socket in that directory.
// Empty: the host is a name (or a path that is too long).
std::vector<address> literal(std::string_view host, std::uint16_t port);

address address_of(const sockaddr& from, std::size_t size) noexcept;

// The last error of a system call.
boost::system::error_code last_error() noexcept;

// Which address the socket is bound to (has at its other end).
address local_address(int descriptor) noexcept;
address remote_address(int descriptor) noexcept;

// No delay by Nagle's algorithm, and keepalive that finds a dead other end within two minutes. `user_timeout` is for one
// that acknowledges nothing while there is something to send (RFC 5482); it counts a closed window too. Nothing for a Unix socket.
void tune(int descriptor, std::chrono::milliseconds user_timeout) noexcept;

// Sockets that listen at one place, one for each worker: the kernel spreads the clients over them. Refused where somebody
// else listens there already, unless `beside`: then others of the same user may, who say so too.
boost::system::result<std::vector<int>> listen_shared(const address& where, unsigned count, bool beside = false);

// From now on clients of the place that this socket listens at, with others, go to the one that came behind the first
// `ours` of them; where there is none, to all as before. Not for a Unix socket.
void give_way(int listening, unsigned ours) noexcept;

// The same at a path: one socket, `count` times. A socket file that nobody listens at any more is replaced, and with `beside`
// any; anybody may connect, as at the server's own.
boost::system::result<std::vector<int>> listen_at_path(const address& where, unsigned count, bool beside = false);

}  // namespace proxy
