#pragma once

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "protocol/bytes.hpp"
#include "protocol/errc.hpp"

namespace protocol {

// Walks the fields of one message. It never reads past the end: what is not there reads as zero or empty, and the reader
// is bad from then on, so that a decoder asks once, at its end. Views point into the message.
class reader {
public:
    explicit reader(bytes body) noexcept : rest_(body) {}

    std::uint8_t u8() noexcept {
        const auto b = take(1);
        return b.empty() ? std::uint8_t{0} : b[0];
    }
    std::uint16_t u16() noexcept {
        const auto b = take(2);
        return b.empty() ? std::uint16_t{0} : static_cast<std::uint16_t>(b[0] << 8 | b[1]);
    }
    std::uint32_t u32() noexcept {
        const auto b = take(4);
        return b.empty() ? 0 : std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | std::uint32_t{b[3]};
    }
    // A string that ends with a zero byte, without it.
    std::string_view string() noexcept {
        const auto end = std::find(rest_.begin(), rest_.end(), std::uint8_t{0});
        if (end == rest_.end()) {
            bad_ = true;
            rest_ = {};
            return {};
        }
        const auto text = as_text(take(static_cast<std::size_t>(end - rest_.begin())));
        (void)u8();
        return text;
    }
    bytes take(std::size_t count) noexcept {
        if (count > rest_.size()) {
            bad_ = true;
            rest_ = {};
            return {};
        }
        const auto taken = rest_.first(count);
        rest_ = rest_.subspan(count);
        return taken;
    }

    // A count of things that have at least `each` bytes: one that the rest cannot hold is refused before anybody
    // reserves room for it.
    std::size_t count(std::size_t each) noexcept {
        const std::size_t n = u16();
        if (n * each <= rest_.size()) return n;
        bad_ = true;
        rest_ = {};
        return 0;
    }

    std::size_t left() const noexcept { return rest_.size(); }
    bool bad() const noexcept { return bad_; }

    // What a decoder returns: its value if the message was read to its end, exactly.
    template <class T>
    result<T> finish(T value) const {
        if (bad_) return errc::truncated_field;
        if (!rest_.empty()) return errc::trailing_bytes;
        return value;
    }

private:
    bytes rest_;
    bool bad_ = false;
};

}  // namespace protocol
