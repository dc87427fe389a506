#include "policy/overrides.hpp"

#include <algorithm>
#include <optional>

#include "policy/scanner.hpp"

namespace policy {
namespace {

constexpr std::string_view blanks = " \t\r\n\f\v";

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

bool take_word(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return false;
    text = trimmed(text.substr(word.size()));
    return true;
}

// "a, b" up to the first character that no rule id has.
std::vector<std::string> take_rules(std::string_view& text) {
    std::vector<std::string> rules;
    for (;;) {
        const auto end = std::min(text.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), text.size());
        if (end == 0 || text.substr(0, end) == "reason") return rules;
        rules.emplace_back(text.substr(0, end));
        text = trimmed(text.substr(end));
        take_word(text, ",");
    }
}

void read_reason(std::string_view text, override_words& out) {
    if (text.empty()) return;
    const bool opens = take_word(text, "reason") && take_word(text, "=") && text.starts_with('"');
    const auto end = opens ? text.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos || end + 1 != text.size())
        out.mistake = R"(behind the rules stands something else than reason="...")";
    else
        out.reason = trimmed(text.substr(1, end - 1));
}

// `comment` without its signs.
std::optional<override_words> read_comment(std::string_view comment) {
    auto text = trimmed(comment);
    if (!take_word(text, "lockkeeper:")) return std::nullopt;
    override_words out;
    if (!take_word(text, "allow")) {
        out.mistake = "the only order is `allow`";
        return out;
    }
    out.rules = take_rules(text);
    if (out.rules.empty()) out.mistake = "it names no rule";
    read_reason(text, out);
    return out;
}

// The comments of a stretch of text in which there is nothing else but blanks.
template <class Each>
void for_each_comment(std::string_view gap, Each each) {
    for (std::size_t at = gap.find_first_not_of(blanks); at < gap.size(); at = gap.find_first_not_of(blanks, at)) {
        std::size_t end = at + 2;
        if (gap[at] == '-') {
            end = std::min(gap.find_first_of("\r\n", at), gap.size());
            each(at, gap.substr(at + 2, end - at - 2));
        } else {
            for (int depth = 1; depth > 0 && end < gap.size(); ++end) {
                const auto two = gap.substr(end, 2);
                if (two == "/*") ++depth, ++end;
                else if (two == "*/") --depth, ++end;
            }
            each(at, gap.substr(at + 2, end - at - 4));
        }
        at = end;
    }
}

}  // namespace

std::vector<override_words> find_overrides(std::string_view sql, lexing how, std::span<const statement> statements) {
    std::vector<override_words> out;
    if (sql.find("lockkeeper:") == std::string_view::npos) return out;
    scanner scan(sql, how);
    std::size_t gap = 0, index = 0;
    for (auto t = scan.next();; t = scan.next()) {
        if (t.kind == token_kind::broken) break;
        const bool last = t.kind == token_kind::end;
        for_each_comment(sql.substr(gap, (last ? sql.size() : t.begin) - gap), [&](std::size_t at, std::string_view comment) {
            auto found = read_comment(comment);
            if (!found) return;
            found->offset = gap + at;
            found->statement = std::min(index, statements.empty() ? 0 : statements.size() - 1);
            out.push_back(std::move(*found));
        });
        if (last) break;
        gap = t.end;
        // Behind the semicolon of a statement a comment is about the next one.
        while (t.is(';') && index < statements.size() && statements[index].where.offset < t.begin &&
               statements[index].where.offset + statements[index].where.length <= t.begin)
            ++index;
    }
    return out;
}

}  // namespace policy
