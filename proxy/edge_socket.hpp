#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/bytes.hpp"
#include "proxy/event_loop.hpp"

namespace proxy {

// A non-blocking socket that is watched edge-triggered. After a short read it makes no more before the next edge, and
// where others are ready too, its calls are made together with theirs (joint_io).
class edge_socket {
public:
    static constexpr std::size_t parts_per_call = 64;

    edge_socket() = default;
    edge_socket(const edge_socket&) = delete;
    edge_socket& operator=(const edge_socket&) = delete;
    ~edge_socket() { close(); }

    // Takes the descriptor over and watches it.
    void open(int descriptor, event_loop& loop, event_loop::watcher& w);
    void close() noexcept;
    bool is_open() const noexcept { return descriptor_ >= 0; }
    int descriptor() const noexcept { return descriptor_; }

    void note(std::uint32_t epoll_events) noexcept;
    // Nothing more before the next edge.
    bool drained() const noexcept { return drained_; }

    // As recv(2) and sendmsg(2): how many bytes, or -1 and errno. What was sent may be on its way only when the loop has
    // come back, and what the kernel did not take of that is kept (owed()).
    ssize_t receive(std::span<std::uint8_t> into);
    ssize_t send(std::span<const protocol::bytes> parts);  // no more than parts_per_call of them

    // What is to be sent together with others' is sent now.
    void settle() noexcept;
    std::size_t owed() const noexcept { return owed_.size(); }
    // Tries to send what is owed. True: none is left.
    bool pay() noexcept;
    bool broken() const noexcept { return problem_ != 0; }  // what was on its way failed
    std::size_t held() const noexcept { return brought_.capacity() + owed_.capacity(); }

private:
    friend class joint_io;
    void bring(protocol::bytes slot, int result) noexcept;
    void keep_brought() noexcept;
    void on_sent(protocol::bytes sent, int result) noexcept;
    ssize_t take_ahead(std::span<std::uint8_t> into) noexcept;
    ssize_t send_now(std::span<const protocol::bytes> parts) noexcept;
    std::size_t send_alone(protocol::bytes part) noexcept;
    void keep(protocol::bytes from, protocol::buffer& to) noexcept;
    void fail(int problem) noexcept;

    int descriptor_ = -1;
    bool hung_up_ = false, drained_ = false;
    bool ahead_ = false;         // something was received that nobody has asked for yet:
    bool ahead_drained_ = false; // ... and it was all
    bool queued_ = false;        // in joint_io's
    int ahead_result_ = 0;       // a count, or -errno
    int problem_ = 0;            // errno
    event_loop* loop_ = nullptr;
    event_loop::watcher* watcher_ = nullptr;
    protocol::bytes ahead_bytes_;  // in joint_io's slot, and between two turns in brought_
    protocol::buffer brought_, owed_;
};

}  // namespace proxy
