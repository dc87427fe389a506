#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/errc.hpp"

// The messages of the server that are looked at, and those that we send as one (manual 55.7, 55.8). Decoders take the
// body behind the header and are strict, as in frontend.hpp.
namespace protocol {

// The fields of an ErrorResponse or NoticeResponse: Byte1 type, String value, again and again, then a zero byte. In order,
// each type once.
class error_fields {
public:
    std::string_view get(char type) const noexcept;  // empty if it is absent
    void set(char type, std::string value);
    void remove(char type);
    const std::vector<std::pair<char, std::string>>& all() const noexcept { return fields_; }

private:
    std::vector<std::pair<char, std::string>> fields_;
};

// With S and V (the severity, and in every language), C and M.
error_fields make_error(std::string_view severity, std::string_view sqlstate, std::string message);

// BackendKeyData: Int32 process, then the key: 4 bytes, since protocol 3.2 up to 256.
struct backend_key {
    std::uint32_t pid = 0;
};

result<error_fields> decode_error(bytes body);
result<backend_key> decode_backend_key(bytes body);
// ParameterStatus: String name, String value. Views into the body.
result<std::pair<std::string_view, std::string_view>> decode_parameter_status(bytes body);
// DataRow: Int16 n, n times (Int32 length or -1, bytes). nullopt is NULL.
result<std::vector<std::optional<std::string>>> decode_data_row(bytes body);

buffer encode_error(const error_fields& fields);
buffer encode_notice(const error_fields& fields);
buffer encode_ready(char status);
buffer encode_command_complete(std::string_view tag);

}  // namespace protocol
