#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "proxy/sockets.hpp"

namespace proxy {

// What a host and port name, to listen there; * is all addresses. Empty, with a line in the log, where they name nothing.
std::vector<address> listen_addresses(const config::endpoint& at);

// Where clients connect: a set of listening sockets for each worker.
class listeners {
public:
    explicit listeners(unsigned workers) : sockets_(workers) {}
    ~listeners();  // closes those that nobody has taken
    listeners(const listeners&) = delete;
    listeners& operator=(const listeners&) = delete;

    // By the settings, or where systemd has handed sockets over, at those instead. False: a line in the log says why not.
    bool open(const config::settings& s);

    std::vector<int> take(unsigned worker) { return std::exchange(sockets_[worker], {}); }
    const std::string& where() const noexcept { return where_; }          // "127.0.0.1:6432 and /run/.s.PGSQL.6432"
    // In the end, where it is still ours.
    void remove_socket_file() const noexcept;

private:
    bool on_network(const config::settings& s);
    bool at_path(const std::string& directory, bool beside);
    bool inherited(const std::vector<int>& descriptors);
    bool add(const address& where, const boost::system::result<std::vector<int>>& opened);

    std::vector<std::vector<int>> sockets_;  // of each worker
    std::string where_, socket_file_;
    std::uint64_t socket_number_ = 0;        // its inode
    std::optional<std::uint16_t> port_;      // once it is chosen
};

}  // namespace proxy
