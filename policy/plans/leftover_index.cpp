#include "policy/plans/leftover_index.hpp"

#include <algorithm>

#include "policy/parse.hpp"
#include "policy/plans/guards.hpp"
#include "policy/quote.hpp"

namespace policy::plans {

in_the_way found_under(const std::string& name, const relation_name& table, std::string_view definition, const catalog_facts& catalog) {
    const auto& taken = catalog.taken;
    const auto found = std::find_if(taken.begin(), taken.end(), [&](const taken_name& t) { return t.table == table && t.name == name; });
    if (found == taken.end()) return in_the_way::nothing;
    if (!found->index_of_table) return in_the_way::something_else;
    if (!found->valid && found->being_built) return in_the_way::busy_leftover;
    const auto wanted = index_signature(definition);
    const auto there = found->definition ? index_signature(*found->definition) : std::nullopt;
    const bool same = wanted && wanted == there;
    if (found->valid) return same ? in_the_way::same_index : in_the_way::something_else;
    return same ? in_the_way::leftover : in_the_way::other_leftover;
}

std::string reason_against(in_the_way found, const std::string& name) {
    if (found == in_the_way::busy_leftover)
        return "There is an INVALID index of this name, and another session is at work on the table: it may be building "
               "it. Try again when that is done.";
    if (found == in_the_way::other_leftover)
        return "There is an INVALID index " + readable(name) +
               " on the table that is not known to be the same. Drop it with DROP INDEX CONCURRENTLY first.";
    return {};
}

std::string dropped_concurrently(const relation_facts& table, const std::string& name) {
    return "DROP INDEX CONCURRENTLY IF EXISTS " + quote_ident(relation_name{table.name.schema, name});
}

step drop_of_leftover(const relation_facts& table, const std::string& name) {
    step clear;
    clear.sql = dropped_concurrently(table, name);
    clear.timeouts = timeout_class::online;
    clear.why = "an earlier build of this index failed and left it INVALID";
    clear.unless = negated(has_invalid_index(table, name));
    return clear;
}

step concurrent_build(const relation_facts& table, const std::string& name, std::string sql) {
    step build;
    build.sql = std::move(sql);
    build.timeouts = timeout_class::online;
    build.why = "reads and writes go on while the index is built";
    build.undo = dropped_concurrently(table, name);
    build.undo_if = has_invalid_index(table, name);
    return build;
}

}  // namespace policy::plans
