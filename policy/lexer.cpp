#include "policy/lexer.hpp"

#include <algorithm>
#include <array>

#include "policy/first_look.hpp"

namespace policy {
namespace {

bool one_reading(std::string_view sql, const lexing& how) noexcept {
    scanner scan(sql, how);
    first_look look(how.runs_prepared);
    for (;;) {
        const token t = scan.next();
        if (look.may_need_judging(t)) return true;
        if (t.kind == token_kind::end) return false;
    }
}

}  // namespace

bool passes_on_first_word(keyword first) noexcept {
    switch (first) {
    case word("select"):
    case word("insert"):
    case word("update"):
    case word("delete"):
    case word("values"):
    case word("table"):
    case word("merge"):
    case word("with"):
    case word("copy"):
    case word("explain"):
    case word("execute"):
    case word("declare"):
    case word("fetch"):
    case word("move"):
    case word("close"):
    case word("set"):
    case word("reset"):
    case word("show"):
    case word("begin"):
    case word("start"):
    case word("commit"):
    case word("end"):
    case word("rollback"):
    case word("abort"):
    case word("savepoint"):
    case word("release"):
    case word("listen"):
    case word("unlisten"):
    case word("notify"):
    case word("checkpoint"): return true;
    default: return false;
    }
}

bool moves_savepoints(std::string_view sql, const lexing& how) noexcept {
    const auto first = scanner(sql, how).next();
    return first.kind == token_kind::word && (first.letters == word("savepoint") || first.letters == word("release") ||
                                              first.letters == word("rollback") || first.letters == word("abort"));
}

bool may_need_judging(std::string_view sql, lexing how) {
    using enum wide_characters;
    if (how.in_doubt) how.standard_conforming_strings = false;  // then every backslash in '...' is a doubt
    // Of the ASCII bytes that a wide character may end in, these two can move the end of a literal.
    const bool wide = (how.in_doubt || how.characters != none) && sql.find_first_of("\\$") != sql.npos && std::any_of(sql.begin(), sql.end(), above_ascii);
    if (!wide) return one_reading(sql, how);
    if (!how.in_doubt) return one_reading(masked(sql, how.characters), how);
    constexpr std::array all{none, sjis, two_bytes, johab, gb18030};
    return std::any_of(all.begin(), all.end(), [&](auto w) { return one_reading(masked(sql, w), how); });
}

}  // namespace policy
