#pragma once

#include <functional>
#include <memory>
#include <string>

#include "proxy/house.hpp"
#include "proxy/peer.hpp"
#include "proxy/upstream.hpp"

namespace proxy {

// One CancelRequest on its way: a connection to the server for itself, the packet as it came, and then the server's
// end of the connection. Only then has the server sent the signal, and the client may be hung up on (libpq waits for
// that, so that the cancel does not hit the next statement). The key does not tell which of several hosts it belongs to, so
// each of them gets it; one that does not know the key does nothing.
class canceler final : event_loop::watcher {
public:
    // Whether sessions are told (house.canceled), as they are of what a client sends: an own one is no wish of the client's.
    enum class whose : std::uint8_t { clients, own };
    // `receiver` is called once, not inside the constructor; the canceler may be destroyed in it.
    canceler(house& h, protocol::bytes packet, std::function<void()> receiver, whose of = whose::clients);
    ~canceler();
    canceler(const canceler&) = delete;
    canceler& operator=(const canceler&) = delete;

    // At most so many at a time in one worker: each costs the server a process.
    static constexpr std::size_t at_a_time = 64;

private:
    void on_ready(std::uint32_t epoll_events) override;
    void next_host();
    void finish();
    void tell(cancel_stage stage) const;

    house& house_;
    protocol::buffer packet_;
    const whose whose_;
    std::function<void()> done_;
    std::size_t hosts_ = 0, asked_ = 0;
    std::unique_ptr<peer> server_;
    std::unique_ptr<upstream> dial_;
    event_loop::timer timer_;
};

}  // namespace proxy
