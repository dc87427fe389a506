#include "policy/lexer.hpp"

#include "policy/first_look.hpp"

namespace policy {

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

bool may_need_judging(std::string_view sql, lexing how) noexcept {
    scanner scan(sql, how);
    first_look look;
    for (;;) {
        const token t = scan.next();
        if (look.may_need_judging(t)) return true;
        if (t.kind == token_kind::end) return false;
    }
}

}  // namespace policy
