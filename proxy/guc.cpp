#include "proxy/guc.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace proxy {

using std::chrono::milliseconds;

namespace {

constexpr std::array<std::pair<std::string_view, std::int64_t>, 6> units{
    {{"", 1}, {"ms", 1}, {"s", 1000}, {"min", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

}  // namespace

std::optional<milliseconds> parse_time_setting(std::string_view shown) noexcept {
    std::int64_t count = 0;
    const auto* const end = shown.data() + shown.size();
    const auto [rest, failed] = std::from_chars(shown.data(), end, count);
    if (failed != std::errc{} || count < 0) return std::nullopt;
    const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
    for (const auto& [name, factor] : units)
        if (unit == name && count <= INT64_MAX / factor) return milliseconds(count * factor);
    return std::nullopt;
}

std::string time_setting(milliseconds value) {
    if (value == milliseconds::zero()) return "0";
    const auto unit = std::find_if(units.rbegin(), units.rend(), [&](const auto& u) { return value.count() % u.second == 0; });
    return std::to_string(value.count() / unit->second) + std::string(unit->first);
}

milliseconds stricter(milliseconds a, milliseconds b) noexcept {
    if (a == milliseconds::zero()) return b;
    if (b == milliseconds::zero()) return a;
    return std::min(a, b);
}

}  // namespace proxy
