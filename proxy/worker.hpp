#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <thread>
#include <unordered_map>
#include <vector>

#include "proxy/event_loop.hpp"
#include "proxy/house.hpp"
#include "proxy/session.hpp"

namespace proxy {

// One thread with its own loop, its own listening sockets and its own sessions; nothing on the data path is shared.
class worker {
public:
    // Takes the listening sockets over. `drained` is called in the worker's thread when no session is left after drain().
    worker(shared_house& shared, std::vector<int> listeners, std::function<void()> drained);
    ~worker();  // after join(), or without start()
    worker(const worker&) = delete;
    worker& operator=(const worker&) = delete;

    void start();
    void join();

    // From any thread. drain: no more clients, and those that have been idle for that long are sent away, the others as soon as
    // they have. give_way: new clients go to another process that listens at the same places (reuse_port), if there is one;
    // `ours` are the sockets of this one at each place.
    // give_up: schema changes that are under way are canceled. stop_sessions: the others now. finish: the thread ends.
    // note_cancel: the server was told to cancel what the session with this key does. end_attempt: so many sessions queue behind
    // that attempt of the session's (locks.max_queue). renew: the settings have been read again; `taken` is called in the
    // worker's thread when its sessions have them.
    void give_way(unsigned ours);
    void drain(std::chrono::milliseconds idle_for = {});
    void give_up();
    void stop_sessions();
    void note_cancel(std::string key, cancel_stage stage);
    void end_attempt(std::uint64_t session, std::uint64_t attempt, std::size_t queue);
    void renew(std::shared_ptr<const config::settings> settings, std::function<void()> taken);
    void finish();

    // For those who look on. `done` is called in the worker's thread; at most `most` sessions are told in full.
    const counters& counts() const noexcept { return counts_; }
    void look(std::size_t most, std::function<void(worker_view&&)> done);
    void list_ddl(std::function<void(std::vector<ddl_under_way>&&)> done);

private:
    struct listener final : event_loop::watcher {
        listener(worker& of, int listening) : owner(of), descriptor(listening) {}
        void on_ready(std::uint32_t) override { owner.accept_from(*this); }
        worker& owner;
        int descriptor;
        bool paused = false;   // until a timer: there is no descriptor for one more client
        bool lacking = false;  // and none has come in since
    };

    void accept_from(listener& l);
    void welcome(int client);
    void on_gone(session& s);
    void close_listeners() noexcept;
    worker_view view(std::size_t most) const;

    shared_house& shared_;
    event_loop loop_;
    std::vector<std::uint8_t> scratch_;
    counters counts_;
    house house_;
    std::vector<std::unique_ptr<listener>> listeners_;
    std::unordered_map<std::uint64_t, std::unique_ptr<session>> sessions_;
    std::function<void()> drained_;
    bool draining_ = false;
    bool told_ = false;  // drained_ has been called
    std::thread thread_;
};

}  // namespace proxy
