#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "proxy/activity.hpp"

namespace proxy {

// One session as the admin page shows it.
struct session_view {
    std::uint64_t id = 0;
    std::string client;
    bool tls = false;
    std::chrono::steady_clock::time_point accepted{};
    std::uint64_t client_bytes = 0, server_bytes = 0;  // read so far
    proxy::activity activity;
};

// All sessions of a worker, at one moment of its thread: counted, and some of them told in full.
struct worker_view {
    std::array<std::size_t, doings> by_doing{};
    std::size_t put_off = 0;
    std::uint64_t held_bytes = 0;        // kept of sessions because the other side does not take them, or judges them
    std::vector<session_view> sessions;  // what does most first: schema changes, then transactions, then the others
    std::chrono::steady_clock::time_point now{};
};

}  // namespace proxy
