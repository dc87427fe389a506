#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/bytes.hpp"

namespace protocol {

// Every message after the startup phase: one byte of type, then the length of the rest as a 32-bit number in network
// order, which counts itself (manual 55.2).
constexpr std::size_t header_size = 5;
constexpr std::uint32_t shortest_length = 4;

struct header {
    char tag;
    std::uint32_t length;  // as on the wire: the message has length + 1 bytes
};

// The first header_size bytes of `b`, which must be there. The length is not checked: see limits.hpp.
inline header read_header(bytes b) noexcept {
    return {static_cast<char>(b[0]), std::uint32_t{b[1]} << 24 | std::uint32_t{b[2]} << 16 | std::uint32_t{b[3]} << 8 | std::uint32_t{b[4]}};
}

// One whole message in somebody else's buffer.
struct frame {
    char tag;
    bytes body;   // behind the header
    bytes whole;  // with it
};

}  // namespace protocol
