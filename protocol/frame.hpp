#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/bytes.hpp"

namespace protocol {

// Every message after the startup packet (manual 55.7): Byte1 tag, Int32 length of what follows, itself included; body.
constexpr std::size_t header_size = 5;

struct header {
    char tag;
    std::uint32_t length;  // without the tag, with itself; unchecked (limits.hpp)
};

// `b` has `header_size` octets at least.
inline header read_header(bytes b) noexcept { return {static_cast<char>(b[0]), read_int32(b.subspan(1))}; }

// One whole message, where it lies in the receive buffer.
struct frame {
    char tag;
    bytes body;   // after the header
    bytes whole;  // header and body: what is forwarded, byte for byte
};

}  // namespace protocol
