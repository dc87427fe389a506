#include "proxy/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace {

using proxy::event_loop;
using namespace std::chrono_literals;

struct pair_of_sockets {
    std::array<int, 2> ends{-1, -1};
    pair_of_sockets() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0); }
    ~pair_of_sockets() {
        for (const int e : ends) ::close(e);
    }
    void knock() const { EXPECT_EQ(::send(ends[1], "x", 1, MSG_NOSIGNAL), 1); }
};

struct recorder final : event_loop::watcher {
    std::vector<std::uint32_t> events;
    std::function<void(std::uint32_t)> then = [](std::uint32_t) {};
    void on_ready(std::uint32_t e) override {
        events.push_back(e);
        then(e);
    }
    bool saw(std::uint32_t bit) const {
        for (const auto e : events)
            if (e & bit) return true;
        return false;
    }
};

// Three turns of the loop: what is to come has come.
void run_some(event_loop& loop) {
    struct stopper final : event_loop::watcher {
        event_loop& loop;
        int left = 3;
        explicit stopper(event_loop& l) : loop(l) {}
        void on_ready(std::uint32_t) override { --left > 0 ? loop.again(*this) : loop.stop(); }
    } end(loop);
    loop.again(end);
    loop.run();
}

TEST(event_loop, tells_of_an_edge_once) {
    event_loop loop;
    pair_of_sockets line;
    recorder watcher;
    loop.add(line.ends[0], watcher);
    line.knock();
    run_some(loop);
    EXPECT_TRUE(watcher.saw(EPOLLIN));
    EXPECT_EQ(watcher.events.size(), 1u);
    loop.remove(line.ends[0], watcher);
}

TEST(event_loop, says_nothing_after_remove_not_even_what_the_kernel_has_handed_over) {
    event_loop loop;
    std::array<pair_of_sockets, 2> lines;
    std::array<recorder, 2> watchers;
    for (std::size_t i = 0; i < 2; ++i) {
        loop.add(lines[i].ends[0], watchers[i]);
        lines[i].knock();
        watchers[i].then = [&, i](std::uint32_t) {
            loop.again(watchers[1 - i]);
            loop.remove(lines[1 - i].ends[0], watchers[1 - i]);
        };
    }
    run_some(loop);
    EXPECT_EQ(watchers[0].events.size() + watchers[1].events.size(), 1u);
}

TEST(event_loop, calls_again_once_however_often_it_is_asked) {
    event_loop loop;
    recorder watcher;
    loop.again(watcher);
    loop.again(watcher);
    run_some(loop);
    EXPECT_EQ(watcher.events, std::vector<std::uint32_t>{0});
}

TEST(event_loop, keeps_again_for_a_watcher_that_changed_its_descriptor_in_the_same_turn) {
    event_loop loop;
    pair_of_sockets first, second;
    recorder watcher;
    bool changed = false;
    watcher.then = [&](std::uint32_t) {
        if (std::exchange(changed, true)) return;
        loop.remove(first.ends[0], watcher);
        loop.add(second.ends[0], watcher);
        loop.again(watcher);
    };
    loop.add(first.ends[0], watcher);
    run_some(loop);
    EXPECT_EQ(std::count(watcher.events.begin(), watcher.events.end(), 0u), 1);
    loop.remove(second.ends[0], watcher);
}

TEST(event_loop, runs_timers_in_order_and_not_those_that_were_cancelled) {
    event_loop loop;
    std::vector<int> order;
    const auto start = event_loop::clock::now();
    loop.at(start + 20ms, [&] {
        order.push_back(2);
        loop.stop();
    });
    loop.at(start + 10ms, [&] { order.push_back(1); });
    const auto never = loop.at(start + 5ms, [&] { order.push_back(0); });
    loop.cancel_timer(never);
    loop.cancel_timer(never);
    loop.run();
    EXPECT_EQ(order, (std::vector<int>{1, 2}));
    EXPECT_GE(event_loop::clock::now(), start + 20ms);
}

TEST(event_loop, runs_what_another_thread_posts) {
    event_loop loop;
    std::thread::id ran_in;
    std::thread other([&] {
        loop.post([&] {
            ran_in = std::this_thread::get_id();
            loop.stop();
        });
    });
    loop.run();
    other.join();
    EXPECT_EQ(ran_in, std::this_thread::get_id());
}

}  // namespace
