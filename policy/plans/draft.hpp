#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/plan.hpp"
#include "policy/plans/proposal.hpp"
#include "policy/rule.hpp"

namespace policy::plans {

// The plan for one ALTER TABLE while it is made. What takes time is done before, under locks that let reads and writes go
// on; one last statement then does what is left of the client's own, and is done at once.
struct draft {
    const context& c;
    const alter_table& what;
    relation_facts table;
    std::string head;  // "ALTER TABLE ONLY t ", in the client's own words

    std::vector<std::string> columns;       // ADD COLUMN, before all else: the rest is about them
    std::vector<std::string> drop_columns;  // takes those back
    bool fills = false;                     // rows are filled: what follows in a transaction could count on them
    bool resumes = false;                   // an earlier run of the same statement has added them, and was killed
    std::vector<step> before;
    std::vector<std::string> last;             // actions
    std::string last_done_if;                  // where it is put off: is its result there already?
    std::vector<std::string> marked;           // what bears a mark until the end, as COMMENT ON takes it
    std::vector<std::string> drop_proofs;      // CHECK constraints that are there for the plan only
    std::string object;                        // the constraint that is validated; empty: more than that is done
    std::string builds;                        // the step that makes the one index
    std::string cannot;

    // Where the plan runs in a transaction block, its end is put off until the COMMIT.
    bool put_off() const { return c.session.in_transaction && c.settings.transactions == config::transactions::defer; }

    // As a mark has it.
    std::string statement() const { return std::string(c.own_text()); }
    // It may be done in part: one constraint is there, and another one not yet.
    bool has_several() const { return what.steps.size() > 1 && columns.empty(); }
    std::string text_of(span where) const { return std::string(c.text.substr(where.offset, where.length)); }
    std::string alter(std::string_view action) const { return head + std::string(action); }
};

inline step made(std::string sql, timeout_class timeouts, std::string why) {
    step s;
    s.sql = std::move(sql);
    s.timeouts = timeouts;
    s.why = std::move(why);
    return s;
}

}  // namespace policy::plans
