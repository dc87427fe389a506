#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "protocol/backend.hpp"
#include "proxy/plan_machine.hpp"

namespace proxy {

// What the client is told while a plan takes its time: nothing of one that is done soon; then each step as it begins, and
// every few seconds the one that runs. The server's connection is busy with it, so it is told what is done and for how
// long, not how much of it. Pure: the time is the caller's.
class plan_progress {
public:
    using time = std::chrono::steady_clock::time_point;

    explicit plan_progress(time begun) : next_(begun + quiet_at_first) {}

    // The step in hand. True: it is to be told at once.
    bool enter(const policy::plan& plan, const run_step& step, time now);
    // When notice() is due; nullopt: there is nothing to tell yet.
    std::optional<time> due() const noexcept;
    void postpone(time now) noexcept { next_ = now + std::chrono::seconds(1); }
    // `waiting`: for the step's lock.
    protocol::error_fields notice(time now, bool waiting);

    // For those who look on: the step in hand, its number from 1 on. Nullopt: before the first.
    struct view {
        std::size_t number = 0, count = 0;
        bool undo = false;
        std::string sql, why;
        time since{};
    };
    std::optional<view> now() const;

    static constexpr std::chrono::seconds quiet_at_first{2}, between{10};

private:
    time next_;
    std::size_t number_ = 0, count_ = 0;
    bool undo_ = false;
    std::optional<time> entered_;
    std::string which_, sql_, why_;
    bool told_ = false;
};

}  // namespace proxy
