#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/errc.hpp"

namespace protocol {

// StartupMessage: Int32 length (itself counted), Int32 version, then String name, String value again and again, and a zero
// byte (manual 55.7).
struct startup_message {
    std::uint32_t version = 0;  // major << 16 | minor
    std::vector<std::pair<std::string, std::string>> parameters;
};

// The whole packet, length word included. Strict, as PostgreSQL is: a name without a value, or bytes behind the last zero,
// are "invalid startup packet layout".
result<startup_message> decode_startup(bytes packet);

}  // namespace protocol
