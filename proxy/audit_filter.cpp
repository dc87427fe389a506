#include "proxy/audit_filter.hpp"

#include <algorithm>

#include "config/values.hpp"
#include "policy/pattern.hpp"
#include "proxy/audit_rotation.hpp"

namespace proxy {
namespace {

namespace json = boost::json;
using std::chrono::system_clock;

bool fits(const std::string& pattern, std::string_view text) { return pattern.empty() || policy::matches_any(text, pattern); }

bool names_table(const std::string& pattern, std::string_view name) {
    const auto point = name.rfind('.');
    return fits(pattern, name) || (point != name.npos && fits(pattern, name.substr(point + 1)));
}

template <class Test>
bool any_of(const json::array& all, Test test) {
    return std::any_of(all.begin(), all.end(), test);
}

}  // namespace

std::string text_at(const json::object& record, std::string_view name) {
    const auto* value = record.if_contains(name);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

double number_at(const json::object& record, std::string_view name) {
    const auto* value = record.if_contains(name);
    return value != nullptr && value->is_number() ? value->to_number<double>() : 0;
}

const json::array& array_at(const json::object& record, std::string_view name) {
    static const json::array none;
    const auto* value = record.if_contains(name);
    return value != nullptr && value->is_array() ? value->get_array() : none;
}

std::optional<json::object> record_of_line(std::string_view line) {
    boost::system::error_code problem;
    auto value = json::parse(line, problem);
    if (problem || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

bool audit_filter::matches(const json::object& r) const {
    if (!fits(user, text_at(r, "user")) || !fits(action, text_at(r, "action")) || !fits(outcome, text_at(r, "outcome"))) return false;
    if (!table.empty() && !any_of(array_at(r, "relations"), [&](const json::value& one) {
            return one.is_object() && names_table(table, text_at(one.get_object(), "name"));
        }))
        return false;
    if (!rule.empty() && !any_of(array_at(r, "rules"), [&](const json::value& one) {
            return one.is_string() && fits(rule, std::string_view(one.get_string()));
        }))
        return false;
    if (!since) return true;
    const auto when = parse_rfc3339(text_at(r, "time"));
    return when && *when >= *since;
}

system_clock::time_point parse_since(const std::string& text, system_clock::time_point now) {
    if (const auto when = parse_rfc3339(text)) return *when;
    if (const auto when = parse_rfc3339(text + "T00:00:00Z")) return *when;
    try {
        return now - config::parse_duration(text);
    } catch (const std::invalid_argument&) {
        throw std::invalid_argument("expected a time such as 2026-11-22T07:00:00Z, a day such as 2026-11-22, or how long ago, such as 2h, not '" + text + "'");
    }
}

}  // namespace proxy
