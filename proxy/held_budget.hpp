#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace proxy {

// How many bytes of long messages all sessions together hold (limits.held). Any thread may call it.
class held_budget {
public:
    // What there is of a message is counted from so many bytes on, so that the others touch nothing that threads share. To read
    // and to send so much takes some 10 us, to count it 0.1 us where threads meet; and 10,000 clients (limits.clients) with a
    // message of this size each are 160 MB.
    static constexpr std::size_t uncounted = 16 * 1024;

    // What shows at its beginning that it may change the schema may use all of the room, the rest leaves half of it: rows on
    // their way to the server do not keep schema changes out.
    enum class of : std::uint8_t { half, all };

    void set_limit(std::uint64_t bytes) noexcept { limit_ = bytes; }  // 0: none
    std::uint64_t limit() const noexcept { return limit_; }
    std::uint64_t taken() const noexcept { return taken_; }

    // False: there is no room for it, and nothing has changed.
    bool take(std::uint64_t bytes, of part) noexcept {
        const auto limit = limit_.load(std::memory_order_relaxed);
        const auto most = part == of::half ? limit / 2 : limit;
        auto before = taken_.load(std::memory_order_relaxed);
        do {
            if (limit != 0 && (before > most || bytes > most - before)) return false;
        } while (!taken_.compare_exchange_weak(before, before + bytes, std::memory_order_relaxed));
        return true;
    }
    void give_back(std::uint64_t bytes) noexcept { taken_.fetch_sub(bytes, std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> limit_ = 0;
    alignas(64) std::atomic<std::uint64_t> taken_ = 0;  // a cache line of its own
};

// What somebody has taken of it; it goes back with this.
class held_share {
public:
    explicit held_share(held_budget* budget) noexcept : budget_(budget) {}  // null: nobody counts
    held_share(held_share&& from) noexcept : budget_(from.budget_), bytes_(std::exchange(from.bytes_, 0)) {}
    held_share& operator=(held_share&&) = delete;
    ~held_share() { give_back(); }

    // False: there is no room for that many, and it is as it was.
    bool grow_to(std::uint64_t bytes, held_budget::of part) noexcept {
        if (budget_ == nullptr || bytes <= bytes_) return true;
        if (!budget_->take(bytes - bytes_, part)) return false;
        bytes_ = bytes;
        return true;
    }
    void join(held_share& other) noexcept { bytes_ += std::exchange(other.bytes_, 0); }  // of the same budget
    void give_back() noexcept {
        if (bytes_ > 0) budget_->give_back(std::exchange(bytes_, 0));
    }
    bool empty() const noexcept { return bytes_ == 0; }

private:
    held_budget* budget_;
    std::uint64_t bytes_ = 0;
};

// The object, and with it the share, until the last who has the object lets go of it.
template <class T>
std::shared_ptr<T> with_share(std::shared_ptr<T> object, held_share& share) {
    if (!object || share.empty()) return object;
    const auto both = std::make_shared<std::pair<std::shared_ptr<T>, held_share>>(std::move(object), std::move(share));
    return {both, both->first.get()};
}

}  // namespace proxy
