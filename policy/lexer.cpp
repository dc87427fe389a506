#include "policy/lexer.hpp"

#include <algorithm>
#include <array>

#include "policy/scanner.hpp"

namespace policy {
namespace {

// Statements that are let through on their first word alone. What is on no list is judged: a new statement of a
// newer PostgreSQL is never passed unseen. EXECUTE runs what PREPARE was judged for.
constexpr std::array passing{
    keyword{"select"},  keyword{"insert"},   keyword{"values"},    keyword{"table"},      keyword{"fetch"},
    keyword{"move"},    keyword{"close"},    keyword{"set"},       keyword{"reset"},      keyword{"show"},
    keyword{"begin"},   keyword{"start"},    keyword{"commit"},    keyword{"end"},        keyword{"rollback"},
    keyword{"abort"},   keyword{"release"},  keyword{"savepoint"}, keyword{"listen"},     keyword{"unlisten"},
    keyword{"notify"},  keyword{"declare"},  keyword{"merge"},     keyword{"copy"},       keyword{"execute"},
    keyword{"explain"}, keyword{"with"},     keyword{"update"},    keyword{"delete"},     keyword{"checkpoint"},
};

constexpr keyword kw_as{"as"}, kw_create{"create"}, kw_delete{"delete"}, kw_do{"do"}, kw_explain{"explain"}, kw_for{"for"}, kw_insert{"insert"},
    kw_into{"into"}, kw_merge{"merge"}, kw_refresh{"refresh"}, kw_returning{"returning"}, kw_update{"update"}, kw_where{"where"}, kw_with{"with"};

constexpr bool writes_rows(keyword k) noexcept { return k == kw_update || k == kw_delete; }

// Follows one text through its statements. An UPDATE or DELETE counts where it starts a statement, or stands next to
// a parenthesis (in a CTE, behind one, in the query of a COPY), or anywhere in a statement with WITH or EXPLAIN.
class first_look {
public:
    first_look(std::string_view sql, lexing how) noexcept : scan_(sql, how) {}

    bool may_need_judging() noexcept {
        for (;;) {
            const token t = scan_.next();
            if (t.kind == token_kind::end) return statement_ends();
            if (t.kind == token_kind::broken || (t.kind == token_kind::symbol ? on_symbol(t.symbol) : on_token(t)))
                return true;
            before_ = t;
        }
    }

private:
    bool statement_ends() noexcept {
        const bool doubt = depth_ != 0 || write_depth_ != no_write;
        started_ = with_seen_ = false;
        first_ = {};
        return doubt;
    }

    bool on_symbol(char c) noexcept {
        if (c == '(') {
            ++depth_;
            return false;
        }
        if (c == ')') {
            if (depth_ == write_depth_) return true;  // a DELETE in parentheses ends, and no WHERE was seen
            return --depth_ < 0;
        }
        if (c == ';') return statement_ends();
        return c == '\0' || !started_;
    }

    bool on_token(const token& t) noexcept {
        const bool opens = !started_ || (before_.kind == token_kind::symbol && (before_.symbol == '(' || before_.symbol == ')'));
        if (t.kind != token_kind::word) return !started_;
        if (!started_) {
            started_ = true;
            first_ = t.word;
            if (std::find(passing.begin(), passing.end(), first_) == passing.end()) return true;
        }
        return on_word(t.word, opens);
    }

    bool on_word(keyword word, bool opens) noexcept {
        if (writes_rows(word)) {
            const bool may_follow_a_clause = (with_seen_ || first_ == kw_explain) && !after(kw_for) && !after(kw_do);
            if (!opens && !may_follow_a_clause) return false;
            if (write_depth_ != no_write) return true;  // one inside another: not worth following
            write_depth_ = depth_;
            return false;
        }
        if (word == kw_with) with_seen_ = true;
        if (word == kw_where) return on_where();
        // After RETURNING a `where` can only be a label.
        if (word == kw_returning) return write_depth_ == depth_;
        // SELECT ... INTO t is CREATE TABLE AS; INSERT INTO and MERGE INTO are not.
        if (word == kw_into) return !after(kw_insert) && !after(kw_merge);
        return first_ == kw_explain && (word == kw_create || word == kw_refresh);
    }

    bool on_where() noexcept {
        const bool label = (before_.kind == token_kind::symbol && before_.symbol == '.') || after(kw_as);
        if (depth_ == write_depth_ && !label) write_depth_ = no_write;
        return false;
    }

    bool after(keyword word) const noexcept { return before_.kind == token_kind::word && before_.word == word; }

    static constexpr int no_write = -1;

    scanner scan_;
    token before_;
    keyword first_;            // first word of the statement in hand
    bool started_ = false;
    bool with_seen_ = false;
    int depth_ = 0;
    int write_depth_ = no_write;  // where an UPDATE or DELETE waits for its WHERE
};

}  // namespace

bool may_need_judging(std::string_view sql, lexing how) noexcept { return first_look(sql, how).may_need_judging(); }

}  // namespace policy
