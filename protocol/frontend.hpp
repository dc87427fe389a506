#pragma once
#include <optional>
#include <span>
#include <string>
#include "protocol/errc.hpp"
#include "protocol/frame.hpp"
namespace protocol {
struct query_view { std::string_view sql; };
struct parse_view { std::string_view statement, sql; };
struct bind_view { std::string_view portal, statement; };
struct execute_view { std::string_view portal; };
struct close_view { char what; std::string_view name; };
result<query_view> decode_query(const frame&);
result<parse_view> decode_parse(const frame&);
result<bind_view> decode_bind(const frame&);
result<execute_view> decode_execute(const frame&);
result<close_view> decode_close(const frame&);
buffer encode_query(std::string_view); buffer encode_parse(std::string_view,std::string_view);
buffer encode_bind(std::string_view,std::string_view,std::span<const std::optional<std::string>>);
buffer encode_execute(std::string_view); buffer encode_close(char,std::string_view); buffer encode_sync(); buffer encode_flush();
}
