#pragma once

#include "policy/scanner.hpp"

namespace policy {

// Statements that are let through on their first word alone. What is on no list is judged: a new statement of a
// newer PostgreSQL is never passed unseen. EXECUTE runs what PREPARE was judged for.
bool passes_on_first_word(keyword first) noexcept;

// Follows one text through its statements. An UPDATE or DELETE counts where it starts a statement, or stands next to
// a parenthesis (in a CTE, behind one, in the query of a COPY), or anywhere in a statement with WITH or EXPLAIN.
class first_look {
public:
    explicit first_look(bool runs_prepared = false) noexcept : runs_prepared_(runs_prepared) {}

    // The next token of the text, its end included. True: from here on the text may need judging.
    bool may_need_judging(const token& t) noexcept {
        bool doubt = true;
        if (t.kind == token_kind::word)
            doubt = on_word(t.letters);
        else if (t.kind == token_kind::symbol)
            doubt = on_symbol(t.symbol);
        else if (t.kind == token_kind::end)
            doubt = statement_ends();
        else if (t.kind != token_kind::broken && t.kind != token_kind::unfinished)
            doubt = first_ == nothing;
        symbol_before_ = t.symbol;
        word_before_ = t.letters;
        return doubt;
    }

private:
    bool statement_ends() noexcept {
        const bool doubt = depth_ != 0 || write_depth_ != no_write;
        first_ = nothing;
        with_seen_ = select_seen_ = false;
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
        return c == '\0' || first_ == nothing;
    }

    bool on_word(keyword w) noexcept {
        const bool opens = first_ == nothing || symbol_before_ == '(' || symbol_before_ == ')';
        const bool before_led = leads_;
        const bool behind_with = symbol_before_ == ')' && first_ == word("with") && depth_ == 0 && !select_seen_;
        leads_ = first_ == nothing || symbol_before_ == '(' || behind_with;
        select_seen_ = select_seen_ || (depth_ == 0 && w == word("select"));
        if (first_ == nothing) {
            first_ = w;
            if (!passes_on_first_word(w)) return true;
        }
        switch (w) {
        case word("update"):
        case word("delete"): return on_write(opens);
        case word("where"): return on_where();
        // After RETURNING a `where` can only be a label.
        case word("returning"): return write_depth_ == depth_;
        // SELECT ... INTO t is CREATE TABLE AS; INSERT INTO and MERGE INTO are not, but in SELECT 1 insert INTO t that is a label.
        case word("into"): return !before_led || (word_before_ != word("insert") && word_before_ != word("merge"));
        case word("with"): with_seen_ = true; return false;
        case word("execute"): return runs_prepared_;
        case word("create"):
        case word("refresh"): return first_ == word("explain");
        default: return false;
        }
    }

    bool on_write(bool opens) noexcept {
        const bool locks_or_resolves = word_before_ == word("for") || word_before_ == word("do");
        if (!opens && !((with_seen_ || first_ == word("explain")) && !locks_or_resolves)) return false;
        if (write_depth_ != no_write) return true;  // one inside another: not worth following
        write_depth_ = depth_;
        return false;
    }

    bool on_where() noexcept {
        const bool label = symbol_before_ == '.' || word_before_ == word("as");
        if (depth_ == write_depth_ && !label) write_depth_ = no_write;
        return false;
    }

    static constexpr keyword nothing = 0;
    static constexpr int no_write = -1;

    bool runs_prepared_;             // EXECUTE may run what has to be judged
    keyword first_ = nothing;        // first word of the statement in hand
    keyword word_before_ = nothing;  // of the token before, where that is a word
    char symbol_before_ = '\0';      // ... or a symbol
    bool with_seen_ = false;
    bool select_seen_ = false;       // ... outside of parentheses
    bool leads_ = false;             // the last word was the first of its statement, of a parenthesis, or behind WITH
    int depth_ = 0;
    int write_depth_ = no_write;  // where an UPDATE or DELETE waits for its WHERE
};

}  // namespace policy
