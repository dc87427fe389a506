#include "config/scope_values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "config/values.hpp"

namespace config {
namespace {

using std::chrono::minutes;
using relation = version_range::relation;

constexpr std::array<std::string_view, 7> day_names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::array<std::pair<std::string_view, relation>, 5> relations{
    {{">=", relation::at_least}, {"<=", relation::at_most}, {">", relation::above}, {"<", relation::below}, {"=", relation::exactly}}};

std::string_view trimmed(std::string_view text) noexcept {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
}

[[noreturn]] void expected(const char* what, const std::string& text) {
    throw std::invalid_argument(std::string("expected ") + what + ", not '" + text + "'");
}

std::optional<unsigned> number(std::string_view digits) noexcept {
    unsigned value = 0;
    const auto [rest, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || failed != std::errc{} || rest != digits.data() + digits.size()) return std::nullopt;
    return value;
}

std::string two_digits(std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); }

// "hh:mm", of any number of hours.
std::optional<minutes> hours_and_minutes(std::string_view text) noexcept {
    const auto colon = text.find(':');
    if (colon == 0 || colon > 2 || text.size() != colon + 3) return std::nullopt;
    const auto h = number(text.substr(0, colon)), m = number(text.substr(colon + 1));
    if (!h || !m || *m > 59) return std::nullopt;
    return std::chrono::hours(*h) + minutes(*m);
}

std::string print_hours_and_minutes(minutes t) { return two_digits(t.count() / 60) + ":" + two_digits(t.count() % 60); }

// One day, or the days from one to another: over Sunday, if need be.
std::optional<std::uint8_t> day_range(std::string_view text) noexcept {
    const auto dash = text.find('-');
    const auto day = [](std::string_view name) { return std::find(day_names.begin(), day_names.end(), trimmed(name)) - day_names.begin(); };
    const auto first = day(text.substr(0, dash));
    const auto last = dash == text.npos ? first : day(text.substr(dash + 1));
    if (first == 7 || last == 7) return std::nullopt;
    unsigned days = 0;
    for (auto d = first;; d = (d + 1) % 7) {
        days |= 1u << d;
        if (d == last) return static_cast<std::uint8_t>(days);
    }
}

}  // namespace

std::string parse_patterns(const std::string& text) {
    if (trimmed(text).empty()) throw std::invalid_argument("expected names, divided by commas, with * for any characters, not ''");
    return parse_text(text);
}

version_range parse_versions(const std::string& text) {
    version_range v;
    std::string_view rest = trimmed(text);
    for (const auto& [sign, is] : relations) {
        if (!rest.starts_with(sign)) continue;
        v.is = is;
        rest = trimmed(rest.substr(sign.size()));
        break;
    }
    const auto major = number(rest);
    if (!major || *major < 10 || *major > 99) expected("a major version such as >=14, <16 or 15", text);
    v.major = static_cast<int>(*major);
    return v;
}

std::string print_versions(version_range v) {
    for (const auto& [sign, is] : relations)
        if (is == v.is) return print_text(std::string(is == relation::exactly ? "" : sign) + std::to_string(v.major));
    return {};
}

std::uint8_t parse_days(const std::string& text) {
    unsigned days = 0;
    for (std::string_view rest = text;;) {
        const auto comma = rest.find(',');
        const auto range = day_range(rest.substr(0, comma));
        if (!range) expected("days such as mon-fri or sat, sun", text);
        days |= *range;
        if (comma == rest.npos) return static_cast<std::uint8_t>(days);
        rest.remove_prefix(comma + 1);
    }
}

std::string print_days(std::uint8_t days) {
    std::string out;
    for (std::size_t d = 0; d < day_names.size(); ++d)
        if ((days >> d & 1) != 0) out += (out.empty() ? "" : ", ") + std::string(day_names[d]);
    return out;
}

minutes parse_time_of_day(const std::string& text) {
    const auto t = hours_and_minutes(text);
    if (!t || *t > std::chrono::hours(24)) expected("a time of day from 00:00 to 24:00", text);
    return *t;
}

std::string print_time_of_day(minutes after_midnight) { return print_text(print_hours_and_minutes(after_midnight)); }

clock_zone parse_zone(const std::string& text) {
    if (text == "UTC") return {};
    if (text == "local") return {.local = true};
    const bool west = text.starts_with('-');
    const auto distance = west || text.starts_with('+') ? hours_and_minutes(std::string_view(text).substr(1)) : std::nullopt;
    // The farthest in use are -12:00 and +14:00.
    if (!distance || *distance > std::chrono::hours(14)) expected("UTC, local, or a distance from UTC such as +05:30", text);
    return {.east_of_utc = west ? -*distance : *distance};
}

std::string print_zone(clock_zone zone) {
    if (zone.local) return "local";
    if (zone.east_of_utc == minutes(0)) return "UTC";
    const bool west = zone.east_of_utc < minutes(0);
    return print_text((west ? "-" : "+") + print_hours_and_minutes(west ? -zone.east_of_utc : zone.east_of_utc));
}

}  // namespace config
