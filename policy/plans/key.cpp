#include <algorithm>

#include "policy/index_name.hpp"
#include "policy/plans/clause.hpp"
#include "policy/plans/constraint.hpp"
#include "policy/plans/guards.hpp"
#include "policy/plans/leftover_index.hpp"
#include "policy/quote.hpp"

namespace policy::plans {
namespace {

std::string listed(const std::vector<std::string>& columns) {
    std::string out;
    for (const auto& c : columns) (out += out.empty() ? "(" : ", ") += quote_ident(c);
    return out + ")";
}

// The options stand in another order than in the constraint.
std::string index_sql(const draft& d, const constraint_words& k, const key_clause& clause, const std::string& name) {
    std::string sql = "CREATE UNIQUE INDEX CONCURRENTLY " + quote_ident(name) + " ON " + quote_ident(d.table.name) + " " + listed(k.columns);
    if (!k.including.empty()) sql += " INCLUDE " + listed(k.including);
    if (!clause.nulls.empty()) sql += " " + clause.nulls;
    if (!clause.with.empty()) sql += " WITH " + clause.with;
    if (!clause.tablespace.empty()) sql += " TABLESPACE " + clause.tablespace;
    return sql;
}

bool constraint_has(const draft& d, const std::string& name, bool of_table) {
    const auto& taken = d.c.known.catalog().taken_constraints;
    return std::any_of(taken.begin(), taken.end(), [&](const taken_constraint& t) {
        return t.table == d.what.relation && t.name == name && (t.of_table || !of_table);
    });
}

struct chosen_index {
    std::string name;
    in_the_way found = in_the_way::nothing;
};

// ChooseIndexName looks at relations and constraints.
chosen_index choose_index(const draft& d, const constraint_words& k, const key_clause& clause) {
    const auto found = [&](const std::string& name) {
        return found_under(name, d.what.relation, index_sql(d, k, clause, name), d.c.known.catalog());
    };
    if (!k.name.empty()) return {k.name, constraint_has(d, k.name, true) ? in_the_way::something_else : found(k.name)};
    for (const auto& name : constraint_names(d.what.relation.name, k, name_attempts)) {
        if (constraint_has(d, name, false)) continue;
        const auto there = found(name);
        if (there != in_the_way::something_else && there != in_the_way::other_leftover) return {name, there};
    }
    return {{}, in_the_way::something_else};
}

std::string reason_against(const draft& d, const chosen_index& chosen) {
    if (d.table.partitioned())
        return "PostgreSQL cannot build an index CONCURRENTLY on a partitioned table. Create a unique index ON ONLY the "
               "parent, then CONCURRENTLY on each partition, and attach those with ALTER INDEX ... ATTACH PARTITION.";
    return plans::reason_against(chosen.found, chosen.name);
}

void build_index(draft& d, const chosen_index& chosen, std::string sql) {
    if (chosen.found == in_the_way::leftover) d.before.push_back(drop_of_leftover(d.table, chosen.name));
    auto build = concurrent_build(d.table, chosen.name, std::move(sql));
    if (chosen.found == in_the_way::same_index) {
        build.unless = has_free_index(d.table, chosen.name);
        build.undo.clear();
        build.undo_if.clear();
    } else {
        build.undo_done = build.undo;
        build.undo_done_if = has_free_index(d.table, chosen.name);
    }
    d.before.push_back(std::move(build));
}

}  // namespace

void add_key(draft& d, const constraint_words& k, const std::string& original) {
    const auto clause = key_clause_of(d.text_of(k.where));
    const auto chosen = choose_index(d, k, clause);
    d.cannot = reason_against(d, chosen);
    if (!d.cannot.empty()) return;
    // The name is taken: the server says so before it builds anything.
    if (chosen.found == in_the_way::something_else) {
        const auto type = k.kind == constraint_kind::primary_key ? " PRIMARY KEY " : " UNIQUE ";
        return d.last.push_back(original.empty() ? "ADD CONSTRAINT " + quote_ident(k.name) + type + listed(k.columns) : original);
    }
    const bool primary = k.kind == constraint_kind::primary_key;
    if (primary)
        for (const auto& column : k.columns) prove_not_null(d, column);
    if (!d.cannot.empty()) return;
    build_index(d, chosen, index_sql(d, k, clause, chosen.name));
    d.object = chosen.name;
    d.builds = index_sql(d, k, clause, chosen.name);
    if (d.put_off()) d.last_done_if = has_constraint(d.table, chosen.name, k.kind, validity::any);
    const auto name = quote_ident(chosen.name);
    d.last.push_back("ADD CONSTRAINT " + name + (primary ? " PRIMARY KEY" : " UNIQUE") + " USING INDEX " + name +
                     (clause.attributes.empty() ? "" : " " + clause.attributes));
}

}  // namespace policy::plans
