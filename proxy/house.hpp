#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "config/settings.hpp"
#include "proxy/event_loop.hpp"
#include "proxy/gate.hpp"
#include "proxy/outbox.hpp"
#include "proxy/upstream.hpp"

namespace proxy {

// What all workers share.
struct shared_house {
    std::shared_ptr<const config::settings> settings;
    resolver& names;
    gate::audit_sink audit;                    // any thread may call it
    // A CancelRequest with this key has reached the server. Any thread may call it.
    std::function<void(const std::string& key)> canceled = [](const std::string&) {};
    std::atomic<std::size_t> connections = 0;  // accepted and not closed
    std::atomic<std::size_t> clients = 0;      // of them, past the StartupMessage: limits.clients
    std::atomic<std::uint64_t> last_session = 0;
};

// What the sessions of one worker thread share. Buffers are used within one call and are empty between two.
struct house {
    shared_house& shared;
    event_loop& loop;
    std::span<std::uint8_t> scratch;
    outbox to_server, to_client;
    std::size_t cancels = 0;  // CancelRequests on their way
};

}  // namespace proxy
