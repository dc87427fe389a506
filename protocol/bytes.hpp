#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace protocol {

// Octets of somebody else's buffer; who owns it, and for how long, is said where one is handed over.
using bytes = std::span<const std::uint8_t>;

// Octets of our own.
using buffer = std::vector<std::uint8_t>;

inline std::string_view as_text(bytes b) noexcept { return {reinterpret_cast<const char*>(b.data()), b.size()}; }
inline bytes as_bytes(std::string_view s) noexcept {
    return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()};
}

}  // namespace protocol
