#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace proxy {

// How many rows the next part of a step may look at. The rows that a part changes stay locked until it is committed, so it
// is to be short whatever the table's rows and indexes cost; and where somebody else has locked one of them, a smaller
// part has less to give up while it waits.
class part_size {
public:
    using duration = std::chrono::milliseconds;

    std::size_t rows() const noexcept { return rows_; }

    // Where nothing had to be changed it is no surprise that it was quick.
    void took(duration time, std::size_t changed) noexcept {
        took_ = time;
        const auto limit = changed >= rows_ / 2 ? most : most_unproved;
        if (time > longest) rows_ = std::max<std::size_t>(rows_ / 2, 1);
        else if (time < shortest && rows_ < limit) rows_ = std::min(rows_ * 2, limit);
    }
    void lost_the_lock() noexcept { rows_ = std::max<std::size_t>(rows_ / 2, 1); }

    // Before the next part: at most half of the time is ours.
    duration pause() const noexcept { return std::clamp(took_, duration(1), duration(1000)); }

    // For how long a part waits for a row of somebody else's. Alone it keeps nobody waiting.
    duration lock_timeout(duration configured) const noexcept {
        const bool alone = rows_ == 1;
        return alone || (configured > duration::zero() && configured < patience) ? configured : patience;
    }

private:
    // Far below what anybody would notice: a busy server may take several times as long for the next part of the same size.
    static constexpr duration shortest{10}, longest{25}, patience{20};
    static constexpr std::size_t most = 10'000, most_unproved = 500;

    std::size_t rows_ = 50;
    duration took_{0};
};

}  // namespace proxy
