#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "protocol/bytes.hpp"
#include "proxy/edge_socket.hpp"
#include "proxy/event_loop.hpp"
#include "proxy/outbox.hpp"
#include "proxy/tls_stream.hpp"

namespace proxy {

// One leg of a session: a non-blocking socket, plain or TLS, what it has not sent yet, and what of its input was not
// consumed yet. An idle peer holds no buffer.
class peer {
public:
    peer() = default;
    ~peer() { close(); }
    peer(const peer&) = delete;
    peer& operator=(const peer&) = delete;

    // Takes the descriptor over and watches it. Once in a peer's life.
    void open(int descriptor, event_loop& loop, event_loop::watcher& w, std::unique_ptr<tls_stream> tls = nullptr);
    void close() noexcept;                // at once; what was not sent is lost
    bool is_open() const noexcept { return socket_.is_open(); }

    // The client asked for TLS; what it said of that already (`leftover()`) is part of it. Then handshake() until it is done.
    void accept_tls(std::shared_ptr<const tls_contexts> of);
    tls_stream::outcome handshake();
    const tls_stream* tls() const noexcept { return tls_.get(); }

    // Remembers what epoll said. Input and hang-up count as readable: the read tells which.
    void note(std::uint32_t epoll_events) noexcept;

    // Reads what is there into `scratch` (shared by all sessions of a thread), behind what was left over before.
    // The view holds leftover and new bytes together, until the next call of a member. Empty: nothing new.
    protocol::bytes receive(std::span<std::uint8_t> scratch);
    // The first `count` bytes of that view, or of leftover(), are dealt with; the rest is kept.
    void consume(std::size_t count);
    protocol::bytes leftover() const noexcept { return rest_; }
    std::uint64_t received() const noexcept { return received_; }  // bytes read in all, without TLS
    std::size_t held() const noexcept { return rest_.capacity() + unsent_.capacity() + socket_.held(); }

    bool may_read() const noexcept { return readable_ && !ended_ && is_open(); }
    bool ended() const noexcept { return ended_; }    // end of input, or broken
    bool broken() const noexcept { return broken_ || socket_.broken(); }  // a read or a write failed
    bool reset() const noexcept { return reset_; }    // dead in both directions; input from before may still be there

    // Sends what the socket takes now, keeps a copy of the rest. The outbox is empty afterwards.
    void send(outbox& out);
    void send(protocol::bytes message);
    void flush();
    // Without what is to be sent together with others' at the end of the turn; settle() sends that, too.
    std::size_t unsent() const noexcept { return unsent_.size() - sent_ + socket_.owed(); }
    void settle();
    void shutdown_send() noexcept;        // FIN after all that was sent
    edge_socket& socket() noexcept { return socket_; }

private:
    std::size_t read_some(std::span<std::uint8_t> into);
    std::size_t read_plain(std::span<std::uint8_t> into);
    std::size_t write_some(std::span<const protocol::bytes> parts);
    std::size_t write_plain(std::span<const protocol::bytes> parts);
    std::size_t write_tls(std::span<const protocol::bytes> parts);
    void note(tls_stream::outcome then) noexcept;
    void keep(std::span<const protocol::bytes> parts, std::size_t skip);

    edge_socket socket_;
    std::unique_ptr<tls_stream> tls_;
    bool readable_ = false, writable_ = true, ended_ = false, broken_ = false, reset_ = false;
    bool read_waits_to_write_ = false;  // TLS only: a key update of the other side's may want an answer first
    protocol::bytes view_;       // what receive() handed out last; nothing else holds these bytes if it is in the scratch
    protocol::buffer rest_;      // input that nobody has consumed
    protocol::buffer unsent_;    // output that the socket did not take; bytes before sent_ are gone
    std::size_t sent_ = 0;
    std::uint64_t received_ = 0;
};

}  // namespace proxy
