#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include "protocol/bytes.hpp"
#include "protocol/errc.hpp"

namespace protocol {

// Reads the fields of one message body, in order. The first field that does not fit fails the reader; every later read
// gives an empty value, so a decoder reads all its fields and asks once, in finish(). Views are into the body.
class reader {
public:
    explicit reader(bytes body) noexcept : rest_(body) {}

    std::uint8_t int8() noexcept {
        const auto field = take(1);
        return field.empty() ? std::uint8_t{0} : field[0];
    }
    std::uint16_t int16() noexcept {
        const auto field = take(2);
        return field.empty() ? std::uint16_t{0} : read_int16(field);
    }
    std::uint32_t int32() noexcept {
        const auto field = take(4);
        return field.empty() ? std::uint32_t{0} : read_int32(field);
    }

    // Byten: exactly `size` octets.
    bytes take(std::size_t size) noexcept {
        if (size > rest_.size()) {
            fail(errc::truncated_field);
            return {};
        }
        const auto field = rest_.first(size);
        rest_ = rest_.subspan(size);
        return field;
    }

    // String: up to its NUL, which is consumed and not returned.
    std::string_view string() noexcept {
        const auto nul = std::find(rest_.begin(), rest_.end(), std::uint8_t{0});
        if (nul == rest_.end()) {
            fail(errc::unterminated_string);
            return {};
        }
        const auto field = take(static_cast<std::size_t>(nul - rest_.begin()) + 1);
        return as_text(field.first(field.size() - 1));
    }

    // Int16 and Int32: how many items follow, of `item` octets each at least. A count that the rest of the message cannot
    // hold fails the reader, before anybody reserves memory for it. An Int16 count has no sign: the server takes 65,535.
    std::size_t count16(std::size_t item) noexcept { return count(int16(), item); }
    std::size_t count32(std::size_t item) noexcept { return count(int32(), item); }

    // The value of a parameter or column: Int32 length, then so many octets. A length of -1 is NULL; another negative one
    // is too long for any message.
    struct value {
        bool null = false;
        bytes octets;
    };
    value sized() noexcept {
        const auto length = int32();
        if (length == null_length) return {.null = true, .octets = {}};
        return {.null = false, .octets = take(length)};
    }

    void fail(errc why) noexcept {
        if (!failed_) why_ = why;
        failed_ = true;
        rest_ = {};
    }
    bool failed() const noexcept { return failed_; }
    bytes rest() const noexcept { return rest_; }

    // The message, or why the body was not exactly one of these.
    template <class Message>
    result<Message> finish(Message message) const {
        if (failed_) return why_;
        if (!rest_.empty()) return errc::trailing_bytes;
        return message;
    }

    static constexpr std::uint32_t null_length = 0xffff'ffff;

private:
    std::size_t count(std::size_t n, std::size_t item) noexcept {
        if (n <= rest_.size() / item) return n;
        fail(errc::truncated_field);
        return 0;
    }

    bytes rest_;
    bool failed_ = false;
    errc why_{};
};

}  // namespace protocol
