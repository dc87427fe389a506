#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "proxy/joint_io.hpp"

struct epoll_event;  // <sys/epoll.h>

namespace proxy {

// A readiness loop on epoll, one per worker thread: the data path's.
//
// Why not Asio here: a session wants "tell me when", not "do it for me". Asio's epoll reactor either tries every
// read once too often (its speculative recv answers EAGAIN) or re-arms the descriptor with an epoll_ctl per wait;
// this loop registers a descriptor once, edge-triggered, and pays epoll_wait + recv + send per direction and
// nothing else; where several sessions are ready, one call for all their recv, and one for all their send (joint_io). Asio keeps what is not on the data path: signals, names, timers of the control thread, HTTP.
class event_loop {
public:
    using clock = std::chrono::steady_clock;

    // Something with a descriptor. Told of edges: it reads or writes until EAGAIN (or a short transfer), or remembers that it has not.
    class watcher {
    public:
        virtual void on_ready(std::uint32_t epoll_events) = 0;
        // The socket that on_ready() would read first of all; null: it has another use for the news.
        virtual edge_socket* reads_first() noexcept { return nullptr; }

    protected:
        watcher() = default;
        virtual ~watcher() = default;

    private:
        friend event_loop;
        bool queued_ = false;  // stands in again_ or turn_, once
    };

    event_loop();
    ~event_loop();
    event_loop(const event_loop&) = delete;
    event_loop& operator=(const event_loop&) = delete;

    // Watches for input, output, hang-up at once. `w` must stay until remove(); no event comes after remove(),
    // not even one that the kernel has already handed over. Throws std::system_error.
    void add(int descriptor, watcher& w);
    void remove(int descriptor, watcher& w) noexcept;

    // Calls w.on_ready(0) once in the next turn: for a watcher that stopped with work left, so that others get theirs.
    void again(watcher& w);

    // Runs `what` once in this thread, not before `when`. Returns a handle for cancel_timer(); handles are never reused.
    using timer = std::uint64_t;
    timer at(clock::time_point when, std::function<void()> what);
    void cancel_timer(timer t) noexcept;

    // Runs `what` in this thread after the events in hand. The only member that other threads may call.
    // What is posted after the loop has stopped is destroyed with the loop, unrun.
    void post(std::function<void()> what);

    // What the sockets that are ready in one turn do together.
    joint_io& joint() noexcept { return joint_; }

    // Until stop(), which is called in this thread (post it from others). It may be called again.
    void run();
    void stop() noexcept { stopped_ = true; }

    // The time of this turn of the loop: one clock reading for all events of it.
    clock::time_point now() const noexcept { return now_; }

private:
    int wait_ms() const noexcept;
    bool gone(const watcher* w) const noexcept;
    void run_ready(std::span<const epoll_event> events);
    void run_again();
    void run_timers();
    void run_posted();

    joint_io joint_;
    int epoll_;
    int wakeup_;  // eventfd: post() from another thread
    bool stopped_ = false;
    clock::time_point now_ = clock::now();
    std::vector<watcher*> removed_;  // during one turn: their events are stale
    std::vector<watcher*> again_;    // to be called next turn
    std::vector<watcher*> turn_;     // being called in this one; null: removed meanwhile
    std::map<std::pair<clock::time_point, timer>, std::function<void()>> timers_;
    std::map<timer, clock::time_point> due_;
    timer last_timer_ = 0;
    std::mutex posted_mutex_;
    std::vector<std::function<void()>> posted_;
};

}  // namespace proxy
