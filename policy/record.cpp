#include "policy/record.hpp"

namespace policy {
namespace {

// A value of `text` from `at` on, up to the comma or parenthesis behind it.
std::optional<std::string> next_value(std::string_view text, std::size_t& at) {
    std::optional<std::string> value;
    for (bool quoted = false; at < text.size() && (quoted || (text[at] != ',' && text[at] != ')')); ++at) {
        if (!value) value.emplace();
        const bool doubled = at + 1 < text.size() && text[at + 1] == text[at] && (text[at] == '\\' || (quoted && text[at] == '"'));
        if (doubled) *value += text[at++];
        else if (text[at] == '"') quoted = !quoted;
        else *value += text[at];
    }
    return value;
}

}  // namespace

std::vector<std::optional<std::string>> record_values(std::string_view text) {
    std::vector<std::optional<std::string>> values;
    if (text.size() < 2 || text.front() != '(' || text.back() != ')') return values;
    for (std::size_t at = 1; at < text.size(); ++at) values.push_back(next_value(text, at));
    return values;
}

}  // namespace policy
