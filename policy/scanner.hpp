#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/lexer.hpp"

namespace policy {

// A word as one number, so that it is compared at once: its last eight letters, lower case. No two keywords that
// matter here share them, and the parser sees whatever looks like one.
using keyword = std::uint64_t;

constexpr keyword word(std::string_view lower_case) noexcept {
    keyword letters = 0;
    for (char c : lower_case) letters = letters << 8 | static_cast<unsigned char>(c);
    return letters;
}

enum class token_kind : std::uint8_t {
    end,
    word,         // keyword or plain name
    quoted_name,  // "..." and U&"..."
    literal,      // '...' in all its forms, $tag$...$tag$
    number,       // digits, also those of $1
    symbol,       // any one other character
    unfinished,   // a comment, name or literal whose end is not in the text
    broken,       // a literal whose end depends on the session
};

struct token {
    token_kind kind = token_kind::end;
    char symbol = '\0';
    keyword letters = 0;             // of a word
    std::size_t begin = 0, end = 0;  // bytes of the text; of an unfinished token: `end` is where its rest has to be read from

    bool is(keyword k) const noexcept { return kind == token_kind::word && letters == k; }
    bool is(char c) const noexcept { return kind == token_kind::symbol && symbol == c; }
};

// Walks SQL text token by token as PostgreSQL's scan.l cuts it, skipping white space and comments. Allocates nothing.
// The text must outlive it.
class scanner {
public:
    scanner(std::string_view sql, lexing how) noexcept
        : begin_(sql.data()), at_(sql.data()), end_(sql.data() + sql.size()), how_(how) {}

    token next() noexcept;

    std::size_t open_comments() const noexcept { return open_comments_; }  // of an unfinished one: how deep
    bool ends_in_line_comment() const noexcept { return line_comment_open_; }

    static bool is_blank(char c) noexcept { return class_of(c) == blank; }
    static bool in_name(char c) noexcept { return class_of(c) == letter || class_of(c) == digit; }

private:
    enum char_class : std::uint8_t { other, blank, letter, digit, dollar };

    // scan.l: ident_start is [A-Za-z\200-\377_], ident_cont adds digits and the dollar sign.
    static constexpr std::array<std::uint8_t, 256> classes = [] {
        std::array<std::uint8_t, 256> table{};
        for (unsigned c = 0; c < 256; ++c)
            if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80) table[c] = letter;
        for (unsigned c = '0'; c <= '9'; ++c) table[c] = digit;
        for (char c : {' ', '\t', '\n', '\r', '\f', '\v'}) table[static_cast<unsigned char>(c)] = blank;
        table['$'] = dollar;
        return table;
    }();
    static std::uint8_t class_of(char c) noexcept { return classes[static_cast<unsigned char>(c)]; }

    bool at_comment() const noexcept {
        return end_ - at_ > 1 && ((*at_ == '-' && at_[1] == '-') || (*at_ == '/' && at_[1] == '*'));
    }

    bool skip_comment() noexcept;
    token_kind skip_quoted(token_kind whole, char quote, bool escapes, bool backslash_is_doubt) noexcept;
    token_kind skip_dollar_quoted() noexcept;
    bool literal_goes_on() const noexcept;
    token_kind skip_word(token& t) noexcept;
    token_kind skip_other(token& t) noexcept;

    const char *begin_, *at_, *end_;
    std::size_t open_comments_ = 0;
    bool line_comment_open_ = false;
    lexing how_;
};

inline token scanner::next() noexcept {
    token t;
    for (;;) {
        while (at_ < end_ && class_of(*at_) == blank) ++at_;
        t.begin = t.end = static_cast<std::size_t>(at_ - begin_);
        if (!at_comment()) break;
        if (!skip_comment()) {
            t.kind = token_kind::unfinished;
            t.end = static_cast<std::size_t>(at_ - begin_);
            return t;
        }
    }
    if (at_ == end_) return t;
    t.kind = class_of(*at_) == letter ? skip_word(t) : skip_other(t);
    t.end = static_cast<std::size_t>(at_ - begin_);
    return t;
}

inline token_kind scanner::skip_word(token& t) noexcept {
    keyword letters = 0;
    const char* i = at_;
    do letters = letters << 8 | (static_cast<unsigned char>(*i) | 0x20u);
    while (++i < end_ && class_of(*i) >= letter);
    at_ = i;
    t.letters = letters;
    if (letters != word("e") || i == end_ || *i != '\'') return token_kind::word;
    // A literal that goes on after a newline keeps the E of its first part: too rare to follow, so it is a doubt.
    const auto kind = skip_quoted(token_kind::literal, '\'', true, false);
    return kind == token_kind::literal && literal_goes_on() ? token_kind::broken : kind;
}

}  // namespace policy
