#include "policy/split.hpp"

#include <algorithm>

#include "policy/scanner.hpp"

namespace policy {
namespace {

// How deep a token stands: in brackets, and in the body of a function in standard SQL.
class nesting {
public:
    void take(const token& t) noexcept {
        if (t.is('(') || t.is('[')) ++brackets_;
        if ((t.is(')') || t.is(']')) && brackets_ > 0) --brackets_;
        if (t.is(word("atomic")) && after_begin_) body_ = 1;
        if (body_ > 0 && t.is(word("case"))) ++body_;
        if (body_ > 0 && t.is(word("end"))) --body_;
        after_begin_ = t.is(word("begin"));
    }

    bool outermost() const noexcept { return brackets_ == 0 && body_ == 0; }

private:
    int brackets_ = 0, body_ = 0;
    bool after_begin_ = false;
};

}  // namespace

std::vector<std::string_view> split(std::string_view sql, lexing how) {
    std::vector<std::string_view> statements;
    scanner scan(sql, how);
    nesting depth;
    std::size_t begin = 0;
    bool something = false;
    for (auto t = scan.next(); t.kind != token_kind::end; t = scan.next()) {
        if (t.kind == token_kind::broken) {
            something = true;
            break;
        }
        if (!t.is(';') || !depth.outermost()) {
            depth.take(t);
            something = true;
            continue;
        }
        if (something) statements.push_back(sql.substr(begin, t.begin - begin));
        begin = std::min(sql.find_first_not_of(" \t\r\n\f\v", t.end), sql.size());
        something = false;
        depth = {};
    }
    if (something) statements.push_back(sql.substr(begin));
    return statements;
}

}  // namespace policy
