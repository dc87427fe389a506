#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policy/lexer.hpp"

namespace policy {

// A word of at most eight letters as one number, so that a keyword is compared at once. Of a longer word
// the last eight letters count, and its length.
struct keyword {
    std::uint64_t letters = 0;
    std::size_t length = 0;

    constexpr keyword() = default;
    constexpr explicit keyword(std::string_view lower_case) noexcept : length(lower_case.size()) {
        for (char c : lower_case) letters = letters << 8 | static_cast<unsigned char>(c);
    }

    friend constexpr bool operator==(const keyword&, const keyword&) = default;
};

enum class token_kind : std::uint8_t {
    end,
    word,         // keyword or plain name
    quoted_name,  // "..." and U&"..."
    literal,      // '...' in all its forms, $tag$...$tag$
    number,       // digits, also those of $1
    symbol,       // any one other character
    broken,       // no end of a comment, name or literal, or an end that depends on the session
};

struct token {
    token_kind kind = token_kind::end;
    char symbol = '\0';
    std::size_t begin = 0, end = 0;  // bytes of the text
    keyword word;
};

// Walks SQL text token by token as PostgreSQL's scan.l cuts it, skipping white space and comments. Allocates nothing.
// The text must outlive it.
class scanner {
public:
    scanner(std::string_view sql, lexing how) noexcept : sql_(sql), how_(how) {}

    token next() noexcept;

private:
    bool skip_blanks() noexcept;
    bool skip_block_comment() noexcept;
    bool skip_quoted(char quote, bool escapes, bool backslash_is_doubt) noexcept;
    bool skip_dollar_quoted() noexcept;
    bool literal_goes_on() const noexcept;
    char peek(std::size_t ahead = 0) const noexcept { return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0'; }

    std::string_view sql_;
    lexing how_;
    std::size_t at_ = 0;
};

}  // namespace policy
