#include "proxy/event_loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace proxy {
namespace {

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

}  // namespace

event_loop::event_loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)), wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (epoll_ < 0 || wakeup_ < 0) fail("event loop");
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, wakeup_, &event) != 0) fail("epoll_ctl");
}

event_loop::~event_loop() {
    ::close(wakeup_);
    ::close(epoll_);
}

void event_loop::add(int descriptor, watcher& w) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &w;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event) != 0) fail("epoll_ctl");
}

void event_loop::remove(int descriptor, watcher& w) noexcept {
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, descriptor, nullptr);
    removed_.push_back(&w);
    if (!std::exchange(w.queued_, false)) return;
    std::erase(again_, &w);
    std::replace(turn_.begin(), turn_.end(), &w, static_cast<watcher*>(nullptr));
}

void event_loop::again(watcher& w) {
    if (!std::exchange(w.queued_, true)) again_.push_back(&w);
}

// Linear, but over the few that went in this turn.
bool event_loop::gone(const watcher* w) const noexcept {
    return !removed_.empty() && std::find(removed_.begin(), removed_.end(), w) != removed_.end();
}

void event_loop::run_again() {
    turn_.swap(again_);
    for (std::size_t i = 0; i < turn_.size(); ++i) {
        auto* const w = turn_[i];
        if (w == nullptr) continue;
        turn_[i] = nullptr;
        w->queued_ = false;
        w->on_ready(0);
    }
    turn_.clear();
}

event_loop::timer event_loop::at(clock::time_point when, std::function<void()> what) {
    const timer t = ++last_timer_;
    timers_.emplace(std::pair{when, t}, std::move(what));
    due_.emplace(t, when);
    return t;
}

void event_loop::cancel_timer(timer t) noexcept {
    const auto found = due_.find(t);
    if (found == due_.end()) return;
    timers_.erase({found->second, t});
    due_.erase(found);
}

void event_loop::post(std::function<void()> what) {
    {
        const std::lock_guard hold(posted_mutex_);
        posted_.push_back(std::move(what));
    }
    const std::uint64_t one = 1;
    // The counter cannot overflow before the loop reads it; a failed write means that it is non-zero already.
    [[maybe_unused]] const auto written = ::write(wakeup_, &one, sizeof one);
}

int event_loop::wait_ms() const noexcept {
    if (!again_.empty()) return 0;
    if (timers_.empty()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

void event_loop::run_timers() {
    while (!timers_.empty() && timers_.begin()->first.first <= now_) {
        auto node = timers_.extract(timers_.begin());
        due_.erase(node.key().second);
        node.mapped()();
    }
}

void event_loop::run_posted() {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = ::read(wakeup_, &count, sizeof count);
    std::vector<std::function<void()>> batch;
    {
        const std::lock_guard hold(posted_mutex_);
        batch.swap(posted_);
    }
    for (auto& what : batch) what();
}

void event_loop::run_ready(std::span<const epoll_event> events) {
    std::array<edge_socket*, joint_io::most> readable;
    std::size_t count = 0;
    for (const auto& e : events) {
        auto* const w = static_cast<watcher*>(e.data.ptr);
        if (w == nullptr || (e.events & EPOLLIN) == 0 || gone(w)) continue;
        if (auto* const s = w->reads_first()) readable[count++] = s;
    }
    joint_.begin(std::span(readable).first(count));
    for (const auto& e : events) {
        auto* const w = static_cast<watcher*>(e.data.ptr);
        if (w != nullptr && !gone(w)) w->on_ready(e.events);
    }
    joint_.end();
}

void event_loop::run() {
    std::array<epoll_event, 256> events;
    while (!stopped_) {
        const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_ms());
        if (count < 0 && errno != EINTR) fail("epoll_wait");
        now_ = clock::now();
        removed_.clear();
        std::span<const epoll_event> ready(events.data(), static_cast<std::size_t>(std::max(count, 0)));
        const bool woken = std::any_of(ready.begin(), ready.end(), [](const auto& e) { return e.data.ptr == nullptr; });
        while (!ready.empty()) {
            const auto some = ready.first(std::min(ready.size(), joint_io::most));
            run_ready(some);
            ready = ready.subspan(some.size());
        }
        run_again();
        run_timers();
        if (woken) run_posted();
    }
    stopped_ = false;
}

}  // namespace proxy
