#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// Which records are looked at. Patterns are names divided by commas, * stands for any characters; empty: any.
struct audit_filter {
    std::string user, table, rule, action, outcome;  // a table with its schema or without
    std::optional<std::chrono::system_clock::time_point> since;

    bool matches(const boost::json::object& record) const;
    bool empty() const noexcept { return user.empty() && table.empty() && rule.empty() && action.empty() && outcome.empty() && !since; }
};

// A time as the log writes it, a day (2026-11-22), or how long ago (90s, 2h). Throws std::invalid_argument.
std::chrono::system_clock::time_point parse_since(const std::string& text, std::chrono::system_clock::time_point now);

// Members of a record; empty or 0 where it has none of that kind.
std::string text_at(const boost::json::object& record, std::string_view name);
double number_at(const boost::json::object& record, std::string_view name);
const boost::json::array& array_at(const boost::json::object& record, std::string_view name);
// The record of a line; nullopt where it is none.
std::optional<boost::json::object> record_of_line(std::string_view line);

}  // namespace proxy
