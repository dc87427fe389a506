#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/errc.hpp"
#include "protocol/frame.hpp"

// What the client sends (manual 55.7). Views are into the frame, whose tag is taken as read.
//
// A decoder refuses what the server's own reader refuses (pqformat.c: a short field, a string without NUL, bytes left
// over), and nothing that the server would carry out: what is refused here is passed on unjudged, for the server to
// refuse in its own words.

namespace protocol {

// Query: String SQL.
struct query_view {
    std::string_view sql;
};

// Int32 items as they stand in a message.
class int32_list {
public:
    int32_list() = default;
    explicit int32_list(bytes items) noexcept : items_(items) {}  // whole items
    std::size_t size() const noexcept { return items_.size() / 4; }
    std::uint32_t operator[](std::size_t i) const noexcept { return read_int32(items_.subspan(4 * i)); }

private:
    bytes items_;
};

// Parse: String statement, "" for the unnamed one; String SQL; Int16 count, then Int32 type OID of so many parameters,
// 0 for one that the server is to find out.
struct parse_view {
    std::string_view statement, sql;
    int32_list types;
};

// Bind: String portal; String statement; Int16 count and so many Int16 parameter formats; Int16 count and so many
// values (Int32 length, -1 for NULL, and the octets); Int16 count and so many Int16 result formats.
// A count of formats is 0 (all text), 1 (for all), or one for each. What a format may be the server says when it uses
// one: an unused 7 is carried out (measured on 15.20).
struct bind_view {
    std::string_view portal, statement;
    bytes formats;
    std::size_t parameters = 0;
    bytes values;  // of all parameters, lengths included
    bytes result_formats;
};

// Describe, Close: Byte1 'S' or 'P'; String name of a prepared statement or portal.
struct describe_view {
    char what;
    std::string_view name;
};
struct close_view {
    char what;
    std::string_view name;
};

// Execute: String portal; Int32 how many rows to return at most. Zero and less: all of them.
struct execute_view {
    std::string_view portal;
    std::int32_t rows = 0;
};

result<query_view> decode_query(const frame& f);
result<parse_view> decode_parse(const frame& f);
result<bind_view> decode_bind(const frame& f);
result<describe_view> decode_describe(const frame& f);
result<close_view> decode_close(const frame& f);
result<execute_view> decode_execute(const frame& f);

// Whole messages of ours. Text with a NUL in it, more than 65,535 items or more than 1 GB throw.
buffer encode_query(std::string_view sql);
buffer encode_parse(std::string_view statement, std::string_view sql, std::span<const std::uint32_t> types = {});
// All values and results in text format.
buffer encode_bind(std::string_view portal, std::string_view statement, std::span<const std::optional<std::string>> values);
buffer encode_close(char what, std::string_view name);
buffer encode_copy_fail(std::string_view why);
buffer encode_execute(std::string_view portal, std::int32_t rows = 0);
buffer encode_sync();
buffer encode_flush();

}  // namespace protocol
