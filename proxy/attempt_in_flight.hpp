#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace proxy {

// The attempt at a strong lock that the server has in hand. It is numbered, so that who sees a queue behind it (locks.max_queue)
// gives up that one and no other statement. Given up for others it counts as failed, and is made again like one that got no lock.
class attempt_in_flight {
public:
    void begin() noexcept { number_ = ++begun_; }
    void end() noexcept { number_ = 0; }  // it has been answered
    bool ended() const noexcept { return number_ == 0; }
    // The number that give_way() may name; 0: there is none, or it gives way already.
    std::uint64_t number() const noexcept { return way_ ? 0 : number_; }

    // It is to end for the sake of so many who queue behind it. False: it has ended, or gives way already.
    bool give_way(std::uint64_t attempt, std::size_t queue) noexcept {
        if (attempt == 0 || attempt != number()) return false;
        way_ = {queue, false};
        return true;
    }
    bool gives_way() const noexcept { return way_.has_value(); }
    void way_given() noexcept { way_->given = true; }             // the server has been told to cancel it
    bool way_is_given() const noexcept { return way_->given; }
    std::size_t take_queue() noexcept { return std::exchange(way_, std::nullopt)->queue; }

private:
    struct stepping_aside {
        std::size_t queue;
        bool given;
    };
    std::uint64_t begun_ = 0, number_ = 0;
    std::optional<stepping_aside> way_;
};

}  // namespace proxy
