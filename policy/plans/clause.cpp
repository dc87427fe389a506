#include "policy/plans/clause.hpp"

#include "policy/scanner.hpp"

namespace policy::plans {
namespace {

bool begins_attributes(const token& t) noexcept { return t.is(word("deferrable")) || t.is(word("not")) || t.is(word("initially")); }

// The text of a parenthesis that has just been opened by `open`.
std::string_view in_brackets(std::string_view text, const token& open, scanner& scan) {
    int depth = 1;
    token t = open;
    while (depth > 0 && t.kind != token_kind::end) {
        t = scan.next();
        depth += t.is('(') ? 1 : t.is(')') ? -1 : 0;
    }
    return text.substr(open.begin, t.end - open.begin);
}

}  // namespace

std::string_view without_name(std::string_view constraint) {
    scanner scan(constraint, {});
    token t = scan.next();
    if (!t.is(word("constraint"))) return constraint;
    scan.next();
    t = scan.next();
    return t.is(word("uescape")) ? std::string_view() : constraint.substr(t.begin);
}

key_clause key_clause_of(std::string_view constraint) {
    key_clause out;
    const auto text = without_name(constraint);
    scanner scan(text, {});
    for (token t = scan.next(); t.kind != token_kind::end; t = scan.next()) {
        if (begins_attributes(t)) {
            out.attributes = text.substr(t.begin);
            return out;
        }
        if (t.is('(')) in_brackets(text, t, scan);
        if (t.is(word("nulls"))) {
            const auto begin = t.begin;
            while (!t.is(word("distinct")) && t.kind != token_kind::end) t = scan.next();
            out.nulls = text.substr(begin, t.end - begin);
        }
        if (t.is(word("with"))) out.with = in_brackets(text, scan.next(), scan);
        if (t.is(word("tablespace"))) {
            t = scan.next();
            out.tablespace = text.substr(t.begin, t.end - t.begin);
        }
    }
    return out;
}

}  // namespace policy::plans
