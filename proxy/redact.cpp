#include "proxy/redact.hpp"

#include <algorithm>
#include <cctype>

namespace proxy {
namespace {

bool is_word(char c) noexcept { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || static_cast<unsigned char>(c) > 127; }

bool speaks_of_password(std::string_view text) {
    std::string lower(text);
    std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return lower.find("password") != lower.npos || lower.find("passwd") != lower.npos;
}

// End of the '...' literal that begins at `at`, as the most generous reading has it: a backslash may hide a quote.
std::size_t end_of_quoted(std::string_view sql, std::size_t at) {
    for (++at; at < sql.size(); ++at) {
        if (sql[at] == '\\') {
            ++at;
        } else if (sql[at] == '\'') {
            if (at + 1 < sql.size() && sql[at + 1] == '\'')
                ++at;
            else
                return at + 1;
        }
    }
    return sql.size();
}

// End of the $tag$ literal at `at`; `at` itself where none begins there.
std::size_t end_of_dollar(std::string_view sql, std::size_t at) {
    auto tag_end = at + 1;
    while (tag_end < sql.size() && is_word(sql[tag_end])) ++tag_end;
    if (tag_end >= sql.size() || sql[tag_end] != '$') return at;
    const auto tag = sql.substr(at, tag_end + 1 - at);
    const auto close = sql.find(tag, tag_end + 1);
    return close == sql.npos ? sql.size() : close + tag.size();
}

}  // namespace

std::string redacted(std::string_view sql) {
    if (!speaks_of_password(sql)) return std::string(sql);
    std::string out;
    bool secret = false;  // the last word spoke of a password: the next literal is one
    for (std::size_t at = 0; at < sql.size();) {
        auto end = at;
        if (sql[at] == '\'') end = end_of_quoted(sql, at);
        if (sql[at] == '$') end = end_of_dollar(sql, at);
        if (end > at) {
            const auto literal = sql.substr(at, end - at);
            out += secret || speaks_of_password(literal) ? std::string_view("'***'") : literal;
            secret = false;
            at = end;
        } else if (is_word(sql[at])) {
            while (end < sql.size() && is_word(sql[end])) ++end;
            const auto word = sql.substr(at, end - at);
            const bool prefix = (word == "E" || word == "e" || word == "U" || word == "u") && secret;
            if (!prefix) secret = speaks_of_password(word);
            out += word;
            at = end;
        } else {
            out += sql[at++];
        }
    }
    return out;
}

}  // namespace proxy
