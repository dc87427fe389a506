#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "policy/first_look.hpp"
#include "policy/lexer.hpp"

namespace policy {
namespace {

constexpr std::size_t most_kept = 4096;  // bytes from piece to piece; names are cut at 63 (NAMEDATALEN)

// What a comment, name or literal begins with: read again before its rest, it brings the scanner back to where it was.
std::string opening_of(std::string_view text, const token& t, const scanner& scan) {
    switch (text[t.begin]) {
    case '/': {
        std::string all;
        for (auto depth = scan.open_comments(); depth > 0; --depth) all += "/*";
        return all;
    }
    case '$': return std::string(text.substr(t.begin, text.find('$', t.begin + 1) + 1 - t.begin));
    case '\'':
    case '"': return std::string(1, text[t.begin]);
    default: return "e'";
    }
}

// A literal or name whose last quote may be the first of a doubled one, or that may be continued. Its content does not
// matter any more: it is kept as if it were empty.
std::optional<std::string> open_quoted(std::string_view text, const token& t) {
    const char first = text[t.begin];
    if (first == '$') {
        const bool lone = t.end == t.begin + 1;  // of a parameter, or of a tag that is not complete
        const auto rest = text.substr(t.end);
        if (lone && std::all_of(rest.begin(), rest.end(), scanner::in_name)) return std::string(text.substr(t.begin));
        return std::nullopt;
    }
    if (first == '\'' || first == '"') return t.end == text.size() ? std::optional(std::string(2, first)) : std::nullopt;
    // The scanner looks two bytes past the white space behind E'...' to see whether it goes on.
    auto next = t.end;
    while (next < text.size() && scanner::is_blank(text[next])) ++next;
    if (text.size() - next >= 2) return std::nullopt;
    return "e''" + std::string(next > t.end ? " " : "") + std::string(text.substr(next));
}

// What has to be read again with the next piece, if the token may not be what it seems: more text may change it.
std::optional<std::string> left_open(std::string_view text, const token& t, const scanner& scan) {
    switch (t.kind) {
    case token_kind::end: return scan.ends_in_line_comment() ? "--" : "";
    case token_kind::unfinished: return opening_of(text, t, scan) + std::string(text.substr(t.end));
    case token_kind::broken: return std::nullopt;
    case token_kind::literal:
    case token_kind::quoted_name: return open_quoted(text, t);
    case token_kind::word:
    case token_kind::number:
    case token_kind::symbol: return t.end == text.size() ? std::optional(std::string(text.substr(t.begin))) : std::nullopt;
    }
    return std::nullopt;
}

}  // namespace

struct long_look::state {
    lexing how;
    first_look look;
    std::string kept;
    bool above_ascii = false, escapes = false;  // seen so far
};

long_look::long_look(lexing how) : state_(new state{how, first_look(how.runs_prepared), {}}) {}
long_look::~long_look() = default;
long_look::long_look(long_look&&) noexcept = default;
long_look& long_look::operator=(long_look&&) noexcept = default;

bool long_look::may_need_judging(std::string_view piece, bool last) {
    auto& s = *state_;
    // Where a literal ends may hang on what the characters are: too long to be read in more ways than one.
    if (s.how.in_doubt || s.how.characters != wide_characters::none) {
        s.above_ascii = s.above_ascii || std::any_of(piece.begin(), piece.end(), above_ascii);
        s.escapes = s.escapes || piece.find_first_of("\\$") != piece.npos;
        if (s.above_ascii && s.escapes) return true;
    }
    const auto text = std::exchange(state_->kept, {}).append(piece);
    scanner scan(text, state_->how);
    for (;;) {
        const token t = scan.next();
        if (!last) {
            if (auto rest = left_open(text, t, scan)) {
                state_->kept = std::move(*rest);
                return state_->kept.size() > most_kept;
            }
        }
        if (state_->look.may_need_judging(t)) return true;
        if (t.kind == token_kind::end) return false;
    }
}

}  // namespace policy
