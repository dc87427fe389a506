#pragma once
#include "protocol/bytes.hpp"
namespace protocol {
constexpr std::size_t header_size = 5;
struct header { char tag; std::uint32_t length; };
inline header read_header(bytes b) noexcept { return {static_cast<char>(b[0]), std::uint32_t(b[1])<<24|std::uint32_t(b[2])<<16|std::uint32_t(b[3])<<8|std::uint32_t(b[4])}; }
struct frame { char tag; bytes body; bytes whole; };
}
