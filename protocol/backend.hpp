#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/errc.hpp"

// What the server sends (manual 55.7), as far as somebody looks at it. Bodies are without the header; views are into them.

namespace protocol {

// The fields of an ErrorResponse or NoticeResponse, in order, each type once (manual 55.8): 'S' severity, 'V' the same
// in English, 'C' SQLSTATE, 'M' message, 'D' detail, 'H' hint, 'P' position, 'R' routine, and others.
class error_fields {
public:
    // "" for a field that is not there: any may be missing.
    std::string_view get(char type) const noexcept;
    void set(char type, std::string value);
    void remove(char type);
    const std::vector<std::pair<char, std::string>>& all() const noexcept { return fields_; }

private:
    std::vector<std::pair<char, std::string>> fields_;
};

// With severity (both spellings), SQLSTATE and message: what the manual promises to be there.
error_fields make_error(std::string_view severity, std::string_view sqlstate, std::string message);

// ErrorResponse, NoticeResponse: Byte1 field type, String value, as often as there are fields; then a zero octet.
result<error_fields> decode_error(bytes body);
buffer encode_error(const error_fields& fields);
buffer encode_notice(const error_fields& fields);

// ReadyForQuery: Byte1 'I' idle, 'T' in a transaction block, 'E' in a failed one.
result<char> decode_ready(bytes body);
buffer encode_ready(char status);

// CommandComplete: String command tag.
result<std::string_view> decode_command_complete(bytes body);
buffer encode_command_complete(std::string_view tag);

// BackendKeyData: Int32 process ID; the rest, 4 to 256 octets, is the secret key.
struct backend_key {
    std::uint32_t pid = 0;
    bytes key;
};
result<backend_key> decode_backend_key(bytes body);

// ParameterStatus: String name, String value.
result<std::pair<std::string_view, std::string_view>> decode_parameter_status(bytes body);

// DataRow: Int16 count and so many columns (Int32 length, -1 for NULL, and the octets).
result<std::vector<std::optional<std::string>>> decode_data_row(bytes body);

// NegotiateProtocolVersion: Int32 newest version (PostgreSQL sends major and minor, as in a StartupMessage); Int32
// count, then String name of so many protocol options (_pq_.*) that the server does not know.
struct protocol_offer {
    std::uint32_t version = 0;
    std::vector<std::string_view> unknown_options;
};
result<protocol_offer> decode_negotiate_protocol_version(bytes body);

}  // namespace protocol
