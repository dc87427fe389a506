#pragma once

#include <chrono>
#include <optional>
#include <utility>

namespace proxy {

// A question to the catalog that the server has in hand, and that is given up when its time is over (timeouts.catalog): it waits
// where somebody locks the catalog, and the client's transaction may hold locks meanwhile. The server is told to cancel it, by
// which it ends whatever it waits for; SET lock_timeout in front of it would have to wait for the catalog itself where it is put
// back, or warns in the server's log outside of a transaction block.
class question_in_flight {
public:
    using time = std::chrono::steady_clock::time_point;

    std::chrono::milliseconds within{0};  // so long may what is asked next take; zero: no limit

    void begin(time now) noexcept {
        if (within > std::chrono::milliseconds::zero()) until_ = now + within;
    }
    bool is_there() const noexcept { return until_.has_value(); }
    // When the server is to be told to cancel it; nullopt: it is not, or is being told.
    std::optional<time> until() const noexcept { return telling_ ? std::nullopt : until_; }
    // It is told now. A cancel can get lost: where it has ended nothing by then, the server is told again.
    void give_up(time again) noexcept {
        until_ = again;
        telling_ = overdue_ = true;
    }
    void told() noexcept { telling_ = false; }
    bool telling() const noexcept { return telling_; }
    // It is answered. True: it had been given up.
    bool end() noexcept {
        until_.reset();
        return std::exchange(overdue_, false);
    }

private:
    std::optional<time> until_;
    bool telling_ = false, overdue_ = false;
};

}  // namespace proxy
