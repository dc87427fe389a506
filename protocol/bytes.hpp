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
inline bytes as_bytes(std::string_view s) noexcept { return {reinterpret_cast<const std::uint8_t*>(s.data()), s.size()}; }

// Every integer of the protocol is in network byte order (manual 55.7). `b` has two, four octets at least.
inline std::uint16_t read_int16(bytes b) noexcept { return static_cast<std::uint16_t>(b[0] << 8 | b[1]); }
inline std::uint32_t read_int32(bytes b) noexcept { return std::uint32_t{read_int16(b)} << 16 | read_int16(b.subspan(2)); }

}  // namespace protocol
