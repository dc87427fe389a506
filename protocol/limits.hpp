#pragma once

#include <cstdint>

namespace protocol {

// The longest length word that a PostgreSQL server accepts, by message type: it closes the connection on a longer one.
// Source: SocketBackend() and pq_getmessage() of PostgreSQL 14 and later, PQ_LARGE_MESSAGE_LIMIT and PQ_SMALL_MESSAGE_LIMIT.
constexpr std::uint32_t longest_large = 0x3fffffff;  // MaxAllocSize: one byte less than 1 GiB
constexpr std::uint32_t longest_small = 10'000;
constexpr std::uint32_t longest_password = 65'535;   // PG_MAX_AUTH_TOKEN_LENGTH

constexpr std::uint32_t longest_frontend(char tag) noexcept {
    switch (tag) {
    case 'Q':
    case 'P':
    case 'B':
    case 'F':
    case 'd': return longest_large;
    case 'p': return longest_password;
    default: return longest_small;
    }
}

// A server may send as much as the length word can say; clients give up at their own limits.
constexpr std::uint32_t longest_backend = 0x7fffffff;

// A startup packet, its length word not counted (MAX_STARTUP_PACKET_LENGTH).
constexpr std::uint32_t longest_startup = 10'000;

}  // namespace protocol
