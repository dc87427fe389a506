#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "protocol/bytes.hpp"
#include "protocol/frame.hpp"

// Bytes as they stand on the wire, written by hand so that no encoder is tested against itself.

namespace wire {

// "..." with its embedded and final NULs as they are written.
template <std::size_t N>
std::string text(const char (&literal)[N]) {
    return {literal, N - 1};
}

inline std::string int16(std::uint32_t v) { return {static_cast<char>(v >> 8), static_cast<char>(v)}; }
inline std::string int32(std::uint32_t v) { return int16(v >> 16) + int16(v & 0xffff); }

inline std::string message(char tag, const std::string& body) { return tag + int32(static_cast<std::uint32_t>(body.size() + 4)) + body; }

inline std::string of(const protocol::buffer& message) { return std::string(protocol::as_text(message)); }

// A copy in memory of exactly its size: the address sanitizer sees a read of the first octet behind it.
class exact {
public:
    explicit exact(std::string_view octets) : size_(octets.size()), octets_(new std::uint8_t[octets.size()]) {
        for (std::size_t i = 0; i < size_; ++i) octets_[i] = static_cast<std::uint8_t>(octets[i]);
    }
    protocol::bytes bytes() const noexcept { return {octets_.get(), size_}; }
    protocol::frame frame() const noexcept { return {'?', bytes(), bytes()}; }

private:
    std::size_t size_;
    std::unique_ptr<std::uint8_t[]> octets_;
};

}  // namespace wire
