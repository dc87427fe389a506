#include "policy/plans/proof.hpp"

#include <algorithm>

#include "policy/parse.hpp"
#include "policy/plans/guards.hpp"
#include "policy/quote.hpp"

namespace policy::plans {
namespace {

std::string validation(const proof& p) {
    const auto said = " USING MESSAGE = " + literal(p.message) + ", SCHEMA = " + literal(p.table.name.schema) +
                      ", TABLE = " + literal(p.table.name.name) + (p.column.empty() ? "" : ", COLUMN = " + literal(p.column));
    return "DO " + literal("BEGIN " + p.head + "VALIDATE CONSTRAINT " + quote_ident(p.name) + "; EXCEPTION WHEN check_violation THEN RAISE " +
                           p.condition + said + "; END");
}

}  // namespace

const taken_constraint* found_proof(const context& c, const relation_name& table, const std::string& name) {
    const auto& taken = c.known.catalog().taken_constraints;
    const auto found = std::find_if(taken.begin(), taken.end(),
                                    [&](const taken_constraint& t) { return t.table == table && t.name == name && t.of_table; });
    return found == taken.end() ? nullptr : &*found;
}

std::string add_proof(std::vector<step>& steps, const proof& p, const taken_constraint* found) {
    const auto same = [&] {
        const auto wanted = constraint_signature(p.clause);
        return wanted && found->definition && wanted == constraint_signature(*found->definition);
    };
    if (found && !same()) return "There is a constraint " + readable(p.name) + " on " + readable(p.table.name) + " already. Drop it first.";
    auto add = made(p.head + "ADD CONSTRAINT " + quote_ident(p.name) + " " + p.clause + " NOT VALID", timeout_class::blocking,
                    "from here on new rows are checked; those that are there are not read");
    const auto there = has_constraint(p.table, p.name, constraint_kind::check, validity::any);
    auto validate = made(validation(p), timeout_class::online,
                         "reads and writes go on while the rows are looked at; the result is taken as proof later");
    // The proof goes once the column is NOT NULL: who runs the plan again finds it gone.
    if (!p.column.empty()) validate.unless = is_not_null(p.table, p.column);
    const auto drop = p.head + "DROP CONSTRAINT IF EXISTS " + quote_ident(p.name);
    if (found) {
        add.unless = validate.undo_if = there;
        validate.undo = drop;
    } else {
        add.undo_done = drop;
        add.undo_done_if = there;
        add.undo_timeouts = timeout_class::blocking;
    }
    steps.push_back(std::move(add));
    steps.push_back(std::move(validate));
    return {};
}

std::string drop_of_proofs(const std::string& head, const std::vector<std::string>& names) {
    std::string drops;
    for (const auto& name : names) (drops += drops.empty() ? "" : ", ") += "DROP CONSTRAINT IF EXISTS " + quote_ident(name);
    return head + drops;
}

}  // namespace policy::plans
