#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/tags.hpp"

namespace protocol {

// How long a message may be, as its length word says it: the tag not counted, the four octets of the word counted.
//
// They are PostgreSQL's own limits, of version 14 and later, so that what passes here passes there: a longer message
// makes the server drop the connection without a word (measured on 15.20; libpq.h, PQ_SMALL_MESSAGE_LIMIT and
// PQ_LARGE_MESSAGE_LIMIT, which is MaxAllocSize - 1; auth.c, PG_MAX_AUTH_TOKEN_LENGTH).
constexpr std::uint32_t shortest_message = 4;
constexpr std::uint32_t longest_small = 10'000;
constexpr std::uint32_t longest_large = 0x3fff'fffe;
constexpr std::uint32_t longest_authentication = 65'535;

// A server's message has no limit but the width of the signed length word; it passes in pieces.
constexpr std::uint32_t longest_backend = 0x7fff'ffff;

constexpr std::uint32_t longest_frontend(char tag) noexcept {
    switch (tag) {
    case frontend::query:
    case frontend::parse:
    case frontend::bind:
    case frontend::function_call:
    case frontend::copy_data: return longest_large;
    case frontend::password: return longest_authentication;
    // A Flush with a body is an error that answers no message and makes the server discard everything up to Sync
    // (tests/protocol/live): whose error it is could not be told.
    case frontend::flush: return shortest_message;
    default: return longest_small;  // what the server does not know it refuses by the tag alone
    }
}

// The first packet: pqcomm.h, MAX_STARTUP_PACKET_LENGTH, which does not count the length word.
constexpr std::size_t longest_startup = 4 + 10'000;

// The secret key of BackendKeyData and CancelRequest: four octets up to protocol 3.1, up to 256 since 3.2 (manual 55.7).
constexpr std::size_t shortest_key = 4;
constexpr std::size_t longest_key = 256;

}  // namespace protocol
