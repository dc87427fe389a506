#include "policy/pattern.hpp"

namespace policy {

// After a mismatch the last star takes one character more: no recursion, and time in proportion to both lengths' product.
bool matches(std::string_view text, std::string_view pattern) noexcept {
    constexpr auto none = std::string_view::npos;
    std::size_t t = 0, p = 0, star = none, resume = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            resume = t;
        } else if (p < pattern.size() && pattern[p] == text[t]) {
            ++p;
            ++t;
        } else if (star != none) {
            p = star + 1;
            t = ++resume;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

bool matches_any(std::string_view text, std::string_view patterns) noexcept {
    while (!patterns.empty()) {
        const auto comma = patterns.find(',');
        auto one = patterns.substr(0, comma);
        while (one.starts_with(' ')) one.remove_prefix(1);
        while (one.ends_with(' ')) one.remove_suffix(1);
        if (!one.empty() && matches(text, one)) return true;
        patterns.remove_prefix(comma == std::string_view::npos ? patterns.size() : comma + 1);
    }
    return false;
}

}  // namespace policy
