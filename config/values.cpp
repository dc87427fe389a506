#include "config/values.hpp"

#include <array>
#include <charconv>
#include <span>
#include <stdexcept>
#include <utility>

namespace config {
namespace {

using unit = std::pair<std::string_view, std::uint64_t>;

constexpr std::array<unit, 4> time_units{{{"h", 3'600'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<unit, 4> size_units{{{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"", 1}}};

// A number and one of the units; a bare 0 needs none.
std::uint64_t parse_with_unit(const std::string& text, std::span<const unit> units, const char* expected) {
    std::uint64_t count = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, failed] = std::from_chars(text.data(), end, count);
    const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
    if (failed == std::errc{} && count == 0 && suffix.empty()) return 0;
    for (const auto& [name, factor] : units)
        if (failed == std::errc{} && suffix == name && count <= INT64_MAX / factor) return count * factor;
    throw std::invalid_argument(std::string("expected ") + expected + ", not '" + text + "'");
}

std::string print_with_unit(std::uint64_t value, std::span<const unit> units) {
    for (const auto& [name, factor] : units)
        if (value != 0 && value % factor == 0) return std::to_string(value / factor) + std::string(name);
    return "0";
}

template <class Enum, std::size_t N>
Enum parse_word(const std::string& text, const std::array<std::pair<std::string_view, Enum>, N>& words) {
    std::string expected;
    for (const auto& [word, value] : words) {
        if (text == word) return value;
        expected += (expected.empty() ? "" : ", ") + std::string(word);
    }
    throw std::invalid_argument("expected one of " + expected + ", not '" + text + "'");
}

template <class Enum, std::size_t N>
std::string print_word(Enum value, const std::array<std::pair<std::string_view, Enum>, N>& words) {
    for (const auto& [word, v] : words)
        if (v == value) return std::string(word);
    return {};
}

constexpr std::array<std::pair<std::string_view, mode>, 3> modes{
    {{"observe", mode::observe}, {"guard", mode::guard}, {"enforce", mode::enforce}}};
constexpr std::array<std::pair<std::string_view, action>, 4> actions{
    {{"allow", action::allow}, {"warn", action::warn}, {"rewrite", action::rewrite}, {"reject", action::reject}}};
constexpr std::array<std::pair<std::string_view, unparseable>, 2> unparseables{
    {{"guard", unparseable::guard}, {"reject", unparseable::reject}}};

}  // namespace

std::chrono::milliseconds parse_duration(const std::string& text) {
    return std::chrono::milliseconds(parse_with_unit(text, time_units, "a time such as 0, 500ms, 5s, 2min or 1h"));
}
std::string print_duration(std::chrono::milliseconds value) {
    return print_with_unit(static_cast<std::uint64_t>(value.count()), time_units);
}
std::uint64_t parse_size(const std::string& text) {
    return parse_with_unit(text, size_units, "a size such as 0, 512, 64KiB, 8MiB or 1GiB");
}
std::string print_size(std::uint64_t value) { return print_with_unit(value, size_units); }

std::uint64_t parse_count(const std::string& text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, failed] = std::from_chars(text.data(), end, value);
    if (failed == std::errc{} && rest == end && value >= least && value <= most) return value;
    throw std::invalid_argument("expected a number from " + std::to_string(least) + " to " + std::to_string(most) +
                                ", not '" + text + "'");
}

bool parse_bool(const std::string& text) {
    if (text == "true" || text == "false") return text == "true";
    throw std::invalid_argument("expected true or false, not '" + text + "'");
}

mode parse_mode(const std::string& text) { return parse_word(text, modes); }
std::string print(mode m) { return print_word(m, modes); }
action parse_action(const std::string& text) { return parse_word(text, actions); }
std::string print(action a) { return print_word(a, actions); }
unparseable parse_unparseable(const std::string& text) { return parse_word(text, unparseables); }
std::string print(unparseable u) { return print_word(u, unparseables); }

}  // namespace config
