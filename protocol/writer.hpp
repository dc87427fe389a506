#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "protocol/bytes.hpp"

namespace protocol {

// Builds one message: fields in order, then finish() fills in the length.
class writer {
public:
    explicit writer(char tag) : out_{static_cast<std::uint8_t>(tag), 0, 0, 0, 0} {}

    writer& u8(char value) {
        out_.push_back(static_cast<std::uint8_t>(value));
        return *this;
    }
    writer& u16(std::size_t value) {
        out_.push_back(static_cast<std::uint8_t>(value >> 8));
        out_.push_back(static_cast<std::uint8_t>(value));
        return *this;
    }
    writer& u32(std::size_t value) { return u16(value >> 16).u16(value & 0xffff); }
    writer& string(std::string_view text) { return raw(text).u8('\0'); }
    writer& raw(std::string_view text) {
        out_.insert(out_.end(), text.begin(), text.end());
        return *this;
    }

    buffer finish() {
        const auto length = out_.size() - 1;
        for (std::size_t i = 0; i < 4; ++i) out_[1 + i] = static_cast<std::uint8_t>(length >> (24 - 8 * i));
        return std::move(out_);
    }

private:
    buffer out_;
};

}  // namespace protocol
