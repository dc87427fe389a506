#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "protocol/bytes.hpp"

struct io_uring;  // <liburing.h>

namespace proxy {

class edge_socket;

// What the sockets that are ready together receive, in one system call, and what they are sent, in another: io_uring(7).
//
// Why: with many clients a proxy's time is the kernel's. pgbench -S with 16 and 64 clients takes 0.94 to 1.17 of PgBouncer's
// CPU time with a recv and a send for each message, and 0.62 to 0.97 with these two calls (tests/bench/RESULTS.md).
// Readiness is still epoll's, so that a session does not notice. Docker's and Kubernetes' default seccomp profiles forbid
// io_uring: then, or where a single socket is ready, each socket's own calls serve.
//
// One thread's: the one that has called open().
class joint_io {
public:
    static constexpr std::size_t most = 64;              // sockets at once; the first one waits for the last one's turn
    static constexpr std::size_t slot_size = 16 * 1024;  // received of one at once
    static constexpr std::size_t short_send = 4 * 1024;  // what is longer is sent at once: a copy would not be free

    joint_io();
    ~joint_io();
    joint_io(const joint_io&) = delete;
    joint_io& operator=(const joint_io&) = delete;

    // `least`: how many have to be ready (1 is for tests). 0, or the errno that says why the kernel does not offer it: then
    // nothing else of this does anything.
    int open(std::size_t least = 2);

    // A round begins: what there is to receive is in the sockets' hands when this returns. Until end() what is short is
    // sent when the round ends.
    void begin(std::span<edge_socket* const> readable);
    void end() noexcept;

    // Takes a copy of the parts if it sends them later. False: the caller has to send them, behind all that was queued.
    bool queue(edge_socket& to, std::span<const protocol::bytes> parts);
    void flush() noexcept;

    // The socket is about to be closed: what is queued for it is sent, and it takes no part any more.
    void forget(edge_socket& s) noexcept;

private:
    struct due {
        edge_socket* to;
        std::size_t at, size;  // in outgoing_
    };
    struct close_ring {
        void operator()(io_uring* r) const noexcept;
    };

    void run(std::size_t count) noexcept;
    void give_up() noexcept;

    std::unique_ptr<io_uring, close_ring> ring_;  // null: not offered
    std::vector<int> results_;                    // of the calls of one submission: a count, or -errno
    std::vector<edge_socket*> received_;          // of this round, by slot; null: forgotten
    std::vector<std::uint8_t> slots_, outgoing_;
    std::vector<due> queue_;
    std::size_t least_ = 2;
    bool round_ = false;
};

}  // namespace proxy
