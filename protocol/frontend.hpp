#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/errc.hpp"
#include "protocol/frame.hpp"

// The messages of the client that are looked at, and those that we send as one (manual 55.7). Decoders are strict: a
// message that PostgreSQL would call malformed is an error here too, and one with bytes behind its last field as well.
// Views point into the message.
namespace protocol {

// Query: String sql
struct query_view {
    std::string_view sql;
};

// Parse: String statement, String sql, Int16 n, n times Int32 type of a parameter
struct parse_view {
    std::string_view statement, sql;
};

// Bind: String portal, String statement, Int16 n, n times Int16 format, Int16 n, n times (Int32 length or -1, bytes),
// Int16 n, n times Int16 format of a result column
struct bind_view {
    std::string_view portal, statement;
};

// Execute: String portal, Int32 rows (0: all)
struct execute_view {
    std::string_view portal;
    std::uint32_t rows = 0;
};

// Close and Describe: Byte1 'S' (statement) or 'P' (portal), String name
struct close_view {
    char what;
    std::string_view name;
};

result<query_view> decode_query(const frame& f);
result<parse_view> decode_parse(const frame& f);
result<bind_view> decode_bind(const frame& f);
result<execute_view> decode_execute(const frame& f);
result<close_view> decode_close(const frame& f);

buffer encode_query(std::string_view sql);
buffer encode_parse(std::string_view statement, std::string_view sql);  // PostgreSQL infers the parameters' types
// Parameters and results in text format; nullopt is NULL.
buffer encode_bind(std::string_view portal, std::string_view statement, std::span<const std::optional<std::string>> parameters);
buffer encode_execute(std::string_view portal);  // all rows
buffer encode_close(char what, std::string_view name);
buffer encode_sync();
buffer encode_flush();

}  // namespace protocol
