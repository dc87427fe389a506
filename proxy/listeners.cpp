#include "proxy/listeners.hpp"

#include <fcntl.h>
#include <netdb.h>
#include <sys/stat.h>
#include <unistd.h>

#include <utility>

#include <spdlog/spdlog.h>

#include "proxy/systemd.hpp"

namespace proxy {

std::vector<address> listen_addresses(const config::endpoint& at) {
    if (at.host == "*" || at.host.empty()) {
        auto both = literal("0.0.0.0", at.port);
        both.push_back(literal("::", at.port).front());
        return both;
    }
    if (auto one = literal(at.host, at.port); !one.empty() && one.front().family() != AF_UNIX) return one;
    addrinfo wanted{};
    wanted.ai_flags = AI_PASSIVE;
    wanted.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const int problem = ::getaddrinfo(at.host.c_str(), std::to_string(at.port).c_str(), &wanted, &found);
    if (problem != 0) spdlog::error("cannot listen on {}:{}: {}", at.host, at.port, ::gai_strerror(problem));
    std::vector<address> all;
    for (const auto* one = found; one != nullptr; one = one->ai_next) all.push_back(address_of(*one->ai_addr, one->ai_addrlen));
    if (found != nullptr) ::freeaddrinfo(found);
    return all;
}

listeners::~listeners() {
    for (const auto& some : sockets_)
        for (const int d : some) ::close(d);
}

bool listeners::open(const config::settings& s) {
    if (const auto handed = systemd::sockets(); !handed.empty()) return inherited(handed);
    return on_network(s) && at_path(s.unix_socket_directory, s.reuse_port);
}

bool listeners::on_network(const config::settings& s) {
    for (auto at : listen_addresses(s.listen)) {
        // Port 0: the first address gets a free one, the others the same.
        if (port_) at.set_port(*port_);
        const auto opened = listen_shared(at, static_cast<unsigned>(sockets_.size()), s.reuse_port);
        if (!opened && opened.error() == boost::system::errc::address_family_not_supported && s.listen.host == "*") continue;
        if (!add(at, opened)) return false;
        port_ = local_address(opened->front()).port();
    }
    return !where_.empty();
}

bool listeners::at_path(const std::string& directory, bool beside) {
    if (directory.empty()) return true;
    const auto at = directory.front() == '/' ? literal(directory, *port_) : std::vector<address>{};
    if (at.empty()) {
        spdlog::error("unix_socket_directory: '{}' is not a path from / on of at most 90 bytes", directory);
        return false;
    }
    if (!add(at.front(), listen_at_path(at.front(), static_cast<unsigned>(sockets_.size()), beside))) return false;
    socket_file_ = at.front().text();
    struct stat made {};
    if (::stat(socket_file_.c_str(), &made) == 0) socket_number_ = made.st_ino;
    return true;
}

void listeners::remove_socket_file() const noexcept {
    struct stat there {};
    if (!socket_file_.empty() && ::stat(socket_file_.c_str(), &there) == 0 && there.st_ino == socket_number_)
        ::unlink(socket_file_.c_str());
}

// Each worker accepts from all of them: who comes first gets the client.
bool listeners::inherited(const std::vector<int>& descriptors) {
    for (const int descriptor : descriptors) {
        std::vector<int> all{descriptor};
        while (all.size() < sockets_.size()) {
            const int copy = ::fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
            if (copy < 0) return add(local_address(descriptor), last_error());
            all.push_back(copy);
        }
        if (!add(local_address(descriptor), all)) return false;
    }
    return true;
}

bool listeners::add(const address& where, const boost::system::result<std::vector<int>>& opened) {
    if (!opened) {
        spdlog::error("cannot listen on {}: {}", where.text(), opened.error().message());
        return false;
    }
    for (std::size_t i = 0; i < sockets_.size(); ++i) sockets_[i].push_back((*opened)[i]);
    where_ += (where_.empty() ? "" : " and ") + (where.family() == AF_UNIX ? where : local_address(opened->front())).text();
    return true;
}

}  // namespace proxy
