#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "protocol/bytes.hpp"
#include "protocol/limits.hpp"

namespace protocol {

// Builds one message: the tag, then field by field; finish() enters the length.
// What cannot be said on the wire is a bug of the caller's and throws, so that no text of ours is ever read as two fields.
class writer {
public:
    explicit writer(char tag) : out_{static_cast<std::uint8_t>(tag), 0, 0, 0, 0} {}

    writer& int8(char v) {
        out_.push_back(static_cast<std::uint8_t>(v));
        return *this;
    }
    writer& int16(std::uint16_t v) {
        out_.push_back(static_cast<std::uint8_t>(v >> 8));
        out_.push_back(static_cast<std::uint8_t>(v));
        return *this;
    }
    writer& int32(std::uint32_t v) { return int16(static_cast<std::uint16_t>(v >> 16)).int16(static_cast<std::uint16_t>(v)); }

    writer& octets(bytes v) {
        out_.insert(out_.end(), v.begin(), v.end());
        return *this;
    }

    // String: the text and its NUL.
    writer& string(std::string_view v) {
        if (v.find('\0') != std::string_view::npos) throw std::invalid_argument("a string of a message contains a NUL");
        return octets(as_bytes(v)).int8(0);
    }

    // Int16: how many items follow.
    writer& count16(std::size_t n) {
        if (n > 0xffff) throw std::length_error("a message has more than 65,535 items");
        return int16(static_cast<std::uint16_t>(n));
    }

    // The value of a parameter or column: Int32 length (-1 for NULL), then so many octets.
    writer& sized(const std::optional<std::string>& v) {
        if (!v) return int32(0xffff'ffff);
        return int32(length_of(v->size())).octets(as_bytes(*v));
    }

    buffer finish() {
        const auto length = length_of(out_.size() - 1);
        for (std::size_t i = 0; i < 4; ++i) out_[1 + i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
        return std::move(out_);
    }

private:
    static std::uint32_t length_of(std::size_t size) {
        if (size > longest_large) throw std::length_error("a message is longer than 1 GB");
        return static_cast<std::uint32_t>(size);
    }

    buffer out_;
};

}  // namespace protocol
