#include "policy/plans/constraint.hpp"

#include <algorithm>

#include "policy/index_name.hpp"
#include "policy/parse.hpp"
#include "policy/plans/clause.hpp"
#include "policy/plans/guards.hpp"
#include "policy/plans/mark.hpp"
#include "policy/quote.hpp"

namespace policy::plans {
namespace {

const taken_constraint* who_has(const draft& d, const std::string& name, bool of_table) {
    const auto& taken = d.c.known.catalog().taken_constraints;
    const auto found = std::find_if(taken.begin(), taken.end(), [&](const taken_constraint& t) {
        return t.table == d.what.relation && t.name == name && (t.of_table || !of_table);
    });
    return found == taken.end() ? nullptr : &*found;
}

// Without a column list it refers to the primary key.
std::vector<std::string> referenced_columns(const constraint_words& k, const relation_facts& other) {
    if (!k.referenced_columns.empty()) return k.referenced_columns;
    const auto key = std::find_if(other.indexes.begin(), other.indexes.end(), [](const index_facts& i) { return i.primary; });
    return key == other.indexes.end() ? std::vector<std::string>() : key->columns;
}

// As one of the table: what stands in a column's own definition lacks the column.
std::string clause_of(const draft& d, const constraint_words& k) {
    const auto text = d.text_of(k.where);
    std::string clause(without_name(text));
    const bool of_column = clause.size() > 10 && (clause[0] == 'R' || clause[0] == 'r');  // REFERENCES
    if (k.kind == constraint_kind::foreign_key && of_column) clause = "FOREIGN KEY (" + quote_ident(k.columns.front()) + ") " + clause;
    return clause;
}

// A NULL is not shown by a name that is no column: PostgreSQL would have made up another one.
bool name_is_certain(const draft& d, const constraint_words& k) {
    if (!k.name.empty() || k.kind != constraint_kind::check) return true;
    const auto& columns = k.expression->columns;
    return std::all_of(columns.begin(), columns.end(), [&](const std::string& column) {
        const bool added = std::any_of(d.what.steps.begin(), d.what.steps.end(),
                                       [&](const alter_step& s) { return s.action == alter_action::add_column && s.name == column; });
        return added || d.table.column(column);
    });
}

// Made by an earlier run of this very statement.
bool is_ours(const draft& d, const taken_constraint& there) { return d.resumes || says(there.mark, d.statement()); }

bool is_taken_here(const draft& d, const std::string& name) {
    const auto part = " CONSTRAINT " + quote_ident(name) + " ";
    return std::any_of(d.before.begin(), d.before.end(), [&](const step& s) { return s.sql.find(part) != std::string::npos; });
}

}  // namespace

bool same_definition(const draft& d, const relation_facts& table, const constraint_words& k, const std::string& clause,
                     const taken_constraint& there) {
    if (there.kind != k.kind || !there.definition) return false;
    const auto wanted = constraint_signature(clause);
    if (!wanted || wanted != constraint_signature(*there.definition)) return false;
    if (k.kind != constraint_kind::foreign_key) return true;
    const auto fact =
        std::find_if(table.constraints.begin(), table.constraints.end(), [&](const constraint_facts& f) { return f.name == there.name; });
    const auto other = d.c.known.relation(*k.referenced);
    return fact != table.constraints.end() && fact->columns == k.columns && other.oid != 0 && fact->referenced == other.oid &&
           fact->referenced_columns == referenced_columns(k, other);
}

constraint_name choose_name(const draft& d, const constraint_words& k) {
    if (!k.name.empty()) return {k.name, who_has(d, k.name, true)};
    const auto clause = clause_of(d, k);
    const auto names = constraint_names(d.what.relation.name, k, name_attempts);
    for (const auto& name : names) {
        if (is_taken_here(d, name)) continue;
        const auto* found = who_has(d, name, false);
        if (!found || left_on_partitions(d, k, name, clause)) return {name};
        if (found->of_table && (!found->valid || is_ours(d, *found)) && same_definition(d, d.table, k, clause, *found))
            return {name, found};
    }
    return {};
}

void add_validated(draft& d, const constraint_words& k) {
    const auto chosen = choose_name(d, k);
    const auto clause = clause_of(d, k);
    if (clause.empty() || chosen.name.empty() || !name_is_certain(d, k)) {
        d.cannot = "The name that PostgreSQL would give to the constraint is not certain. Name it: ADD CONSTRAINT name ...";
        return;
    }
    // A valid one of that name: the server says so at once.
    const bool same = chosen.found && same_definition(d, d.table, k, clause, *chosen.found);
    const bool leftover = chosen.found && (!chosen.found->valid || (same && is_ours(d, *chosen.found)));
    if (leftover && !same) {
        d.cannot = "There is a constraint " + readable(chosen.name) +
                   " on the table that is NOT VALID and not known to be the same. Validate it with ALTER TABLE ... VALIDATE "
                   "CONSTRAINT, or drop it.";
        return;
    }
    constexpr int not_valid_on_partitioned = 18;
    if (d.table.partitioned() && k.kind == constraint_kind::foreign_key && d.c.session.server_version < not_valid_on_partitioned)
        return add_key_to_partitions(d, k, chosen.name, clause);
    d.object = chosen.name;
    const auto name = quote_ident(chosen.name);
    auto add = made(d.alter("ADD CONSTRAINT " + name + " " + clause + " NOT VALID"), timeout_class::blocking,
                    "from here on new rows are checked; those that are there are not read");
    // Put off, it may be run again where it has been done.
    if (leftover || (d.put_off() && !chosen.found)) add.unless = has_constraint(d.table, chosen.name, k.kind, validity::any);
    auto validate =
        made(d.alter("VALIDATE CONSTRAINT " + name), timeout_class::online, "reads and writes go on while the rows are checked");
    if (!leftover) {  // what was there before this run stays
        add.undo_done = d.alter("DROP CONSTRAINT IF EXISTS " + name);
        add.undo_timeouts = timeout_class::blocking;
        const bool all = d.what.steps.size() == 1 && d.columns.empty();
        add.undo_done_if = has_constraint(d.table, chosen.name, k.kind, all ? validity::not_valid : validity::any);
    }
    if (d.has_several()) {
        const auto ours = mark_on_constraint(d.table, chosen.name, d.statement());
        add.and_then.push_back(ours.setting());
        d.marked.push_back(ours.object);
    }
    d.before.push_back(std::move(add));
    d.before.push_back(std::move(validate));
}

}  // namespace policy::plans
