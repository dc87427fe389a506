#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "config/settings.hpp"
#include "proxy/cancel_stage.hpp"
#include "proxy/counters.hpp"
#include "proxy/crowd.hpp"
#include "proxy/event_loop.hpp"
#include "proxy/gate.hpp"
#include "proxy/held_budget.hpp"
#include "proxy/outbox.hpp"
#include "proxy/secrets.hpp"
#include "proxy/upstream.hpp"

namespace proxy {

// What all workers share.
struct shared_house {
    std::shared_ptr<const config::settings> settings;  // the control thread's; a worker has its own
    resolver& names;
    audit_sink audit;                    // any thread may call it
    // A CancelRequest with this key has reached the server. Any thread may call it.
    std::function<void(const std::string& key, cancel_stage stage)> canceled = [](const std::string&, cancel_stage) {};
    std::atomic<std::size_t> connections = 0;  // accepted and not closed
    std::atomic<std::size_t> clients = 0;      // of them, past the StartupMessage: limits.clients
    std::atomic<std::uint64_t> last_session = 0;
    std::atomic<std::shared_ptr<const tls_contexts>> tls = nullptr;  // null: no TLS at all
    secrets* users = nullptr;                  // null: authentication passes through
    std::atomic<std::size_t> first_host = 0;   // of upstream.host: where the last session found what it wanted
    crowd users_in, databases_in;              // limits.clients_per_user and _per_database
    held_budget held;                          // limits.held
    std::atomic_flag without_io_uring;         // the log has said so
    // The host is not of the kind that target_session_attrs wants: others begin with the next one.
    void not_this_host(std::size_t host, std::size_t next) noexcept { first_host.compare_exchange_strong(host, next); }
};

// What the sessions of one worker thread share. Buffers are used within one call and are empty between two.
struct house {
    shared_house& shared;
    event_loop& loop;
    counters& counts;
    std::span<std::uint8_t> scratch;
    outbox to_server, to_client;
    std::shared_ptr<const config::settings> settings;  // as the last reload has left them
    std::size_t cancels = 0;  // CancelRequests on their way

    destination target() const {
        return {settings->upstream, shared.tls.load(), settings->tcp_user_timeout, shared.first_host.load()};
    }
};

}  // namespace proxy
