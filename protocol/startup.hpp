#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/errc.hpp"

// The packets that open a connection (manual 55.2.1, 55.2.10, 55.7). They have no tag: Int32 length, itself included, then
// an Int32 that is a protocol version or one of the codes below, whose upper half is no version that will ever be.

namespace protocol {

constexpr std::size_t startup_header_size = 8;

enum class startup_kind {
    startup_message,  // a protocol version, 3.0 to 3.65535
    cancel_request,
    ssl_request,
    gssenc_request,
    unknown,  // another protocol
};

constexpr std::uint32_t cancel_request_code = 80877102;
constexpr std::uint32_t ssl_request_code = 80877103;
constexpr std::uint32_t gssenc_request_code = 80877104;

startup_kind kind_of(std::uint32_t code) noexcept;

// StartupMessage: Int32 version (major in the upper half, 3); String name and String value, as often as there are
// parameters; then a zero octet. No name is empty. Names may come twice: for the server the last one counts.
struct startup_message {
    std::uint32_t version = 0;
    std::vector<std::pair<std::string, std::string>> parameters;
};
result<startup_message> decode_startup(bytes packet);

// CancelRequest: Int32 code; Int32 process ID; the rest, 4 to 256 octets, is the secret key.
struct cancel_request {
    std::uint32_t pid = 0;
    bytes key;
};
result<cancel_request> decode_cancel(bytes packet);
// `key`: the body of BackendKeyData, which has process ID and secret key in the same order.
buffer encode_cancel(std::string_view key);

}  // namespace protocol
