#include "policy/scanner.hpp"

#include <array>

namespace policy {
namespace {

enum char_class : std::uint8_t { other, blank, letter, digit, dollar };

// scan.l: ident_start is [A-Za-z\200-\377_], ident_cont adds digits and the dollar sign.
constexpr std::array<std::uint8_t, 256> classes = [] {
    std::array<std::uint8_t, 256> table{};
    for (unsigned c = 0; c < 256; ++c)
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80) table[c] = letter;
    for (unsigned c = '0'; c <= '9'; ++c) table[c] = digit;
    for (unsigned char c : {' ', '\t', '\n', '\r', '\f', '\v'}) table[c] = blank;
    table['$'] = dollar;
    return table;
}();

constexpr std::uint8_t class_of(char c) noexcept { return classes[static_cast<unsigned char>(c)]; }

constexpr keyword escape_prefix{"e"};

}  // namespace

token scanner::next() noexcept {
    token t;
    if (!skip_blanks()) {
        t.kind = token_kind::broken;
        return t;
    }
    t.begin = t.end = at_;
    if (at_ == sql_.size()) return t;
    const char c = sql_[at_];
    bool whole = true;
    switch (class_of(c)) {
    case letter: {
        const char* const start = sql_.data();
        std::size_t i = at_;
        std::uint64_t letters = 0;
        while (i < sql_.size() && class_of(start[i]) >= letter)
            letters = letters << 8 | (static_cast<unsigned char>(start[i++]) | 0x20u);
        t.word.letters = letters;
        t.word.length = i - at_;
        t.kind = token_kind::word;
        at_ = i;
        if (peek() == '\'' && t.word == escape_prefix) {
            t.kind = token_kind::literal;
            // A literal that goes on after a newline keeps the E of its first part: too rare to follow, so it is a doubt.
            whole = skip_quoted('\'', true, false) && !literal_goes_on();
        }
        break;
    }
    case digit:
        t.kind = token_kind::number;
        while (class_of(peek()) == digit) ++at_;
        break;
    case dollar:
        t.kind = token_kind::literal;
        whole = skip_dollar_quoted();
        break;
    default:
        if (c == '\'') {
            t.kind = token_kind::literal;
            whole = skip_quoted('\'', false, !how_.standard_conforming_strings);
        } else if (c == '"') {
            t.kind = token_kind::quoted_name;
            whole = skip_quoted('"', false, false);
        } else {
            t.kind = token_kind::symbol;
            t.symbol = c;
            ++at_;
        }
    }
    if (!whole) t.kind = token_kind::broken;
    t.end = at_;
    return t;
}

bool scanner::skip_blanks() noexcept {
    for (;;) {
        while (class_of(peek()) == blank) ++at_;
        if (peek() == '-' && peek(1) == '-') {
            while (at_ < sql_.size() && sql_[at_] != '\n' && sql_[at_] != '\r') ++at_;
        } else if (peek() == '/' && peek(1) == '*') {
            if (!skip_block_comment()) return false;
        } else {
            return true;
        }
    }
}

// Block comments nest (manual, 4.1.5).
bool scanner::skip_block_comment() noexcept {
    std::size_t depth = 0;
    while (at_ < sql_.size()) {
        if (peek() == '/' && peek(1) == '*') {
            ++depth;
            at_ += 2;
        } else if (peek() == '*' && peek(1) == '/') {
            at_ += 2;
            if (--depth == 0) return true;
        } else {
            ++at_;
        }
    }
    return false;
}

// From the opening quote to behind the closing one; a doubled quote stands for itself.
bool scanner::skip_quoted(char quote, bool escapes, bool backslash_is_doubt) noexcept {
    ++at_;
    while (at_ < sql_.size()) {
        const char c = sql_[at_++];
        if (c == '\\') {
            if (backslash_is_doubt) return false;
            if (escapes) ++at_;
        } else if (c == quote) {
            if (peek() != quote) return true;
            ++at_;
        }
    }
    at_ = sql_.size();
    return false;
}

bool scanner::literal_goes_on() const noexcept {
    std::size_t i = at_;
    while (i < sql_.size() && class_of(sql_[i]) == blank) ++i;
    if (i == sql_.size()) return false;
    return sql_[i] == '\'' || (i > at_ && sql_[i] == '-' && i + 1 < sql_.size() && sql_[i + 1] == '-');
}

// $tag$ ... $tag$, or a lone dollar (a parameter, or an error that the server will name).
bool scanner::skip_dollar_quoted() noexcept {
    std::size_t i = at_ + 1;
    if (i < sql_.size() && class_of(sql_[i]) == letter)
        while (i < sql_.size() && (class_of(sql_[i]) == letter || class_of(sql_[i]) == digit)) ++i;
    if (i >= sql_.size() || sql_[i] != '$') {
        ++at_;
        return true;
    }
    const auto tag = sql_.substr(at_, i + 1 - at_);
    const auto closing = sql_.find(tag, i + 1);
    if (closing == std::string_view::npos) return false;
    at_ = closing + tag.size();
    return true;
}

}  // namespace policy
