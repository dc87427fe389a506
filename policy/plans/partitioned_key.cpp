#include <algorithm>

#include "policy/plans/constraint.hpp"
#include "policy/plans/guards.hpp"
#include "policy/quote.hpp"

namespace policy::plans {
namespace {

// Everything below it that has rows of its own. False: not all of it is known.
bool find_leaves(const draft& d, const relation_facts& root, std::vector<const relation_facts*>& out) {
    return std::all_of(root.children.begin(), root.children.end(), [&](std::uint32_t oid) {
        const auto* child = d.c.known.reached(oid);
        if (!child || (child->kind != 'r' && child->kind != 'p')) return false;
        if (child->kind == 'p') return find_leaves(d, *child, out);
        out.push_back(child);
        return true;
    });
}

enum class on_leaf { nothing, same, other };

on_leaf found_on(const draft& d, const relation_facts& leaf, const constraint_words& k, const std::string& name,
                 const std::string& clause) {
    if (std::none_of(leaf.constraints.begin(), leaf.constraints.end(), [&](const auto& c) { return c.name == name; }))
        return on_leaf::nothing;
    const auto& taken = d.c.known.catalog().taken_constraints;
    const bool same = std::any_of(taken.begin(), taken.end(), [&](const taken_constraint& t) {
        return t.table == d.what.relation && t.name == name && t.relation == leaf.oid && same_definition(d, leaf, k, clause, t);
    });
    return same ? on_leaf::same : on_leaf::other;
}

}  // namespace

bool left_on_partitions(const draft& d, const constraint_words& k, const std::string& name, const std::string& clause) {
    std::vector<const relation_facts*> leaves;
    if (k.kind != constraint_kind::foreign_key || !d.table.partitioned() || !find_leaves(d, d.table, leaves)) return false;
    const auto& taken = d.c.known.catalog().taken_constraints;
    return std::all_of(taken.begin(), taken.end(), [&](const taken_constraint& t) {
        if (t.table != d.what.relation || t.name != name) return true;
        return std::any_of(leaves.begin(), leaves.end(),
                           [&](const auto* leaf) { return leaf->oid == t.relation && same_definition(d, *leaf, k, clause, t); });
    });
}

void add_key_to_partitions(draft& d, const constraint_words& k, const std::string& name, const std::string& clause) {
    std::vector<const relation_facts*> leaves;
    const auto other = d.c.known.relation(*k.referenced);
    const bool followed =
        !d.what.only && !other.partitioned() && find_leaves(d, d.table, leaves) &&
        std::none_of(leaves.begin(), leaves.end(), [&](const auto* leaf) { return found_on(d, *leaf, k, name, clause) == on_leaf::other; });
    if (!followed) {
        d.cannot =
            "Before PostgreSQL 18 a foreign key of a partitioned table cannot be NOT VALID. Add it NOT VALID to each partition "
            "and validate it there; then add it to the parent, which takes over those of its partitions.";
        return;
    }
    for (const auto* leaf : leaves) {
        const auto head = "ALTER TABLE " + quote_ident(leaf->name) + " ";
        const bool left = found_on(d, *leaf, k, name, clause) == on_leaf::same;
        const auto there = has_constraint(*leaf, name, constraint_kind::foreign_key, validity::any);
        auto add = made(head + "ADD CONSTRAINT " + quote_ident(name) + " " + clause + " NOT VALID", timeout_class::blocking,
                        "from here on new rows of the partition are checked; those that are there are not read");
        if (left) {
            add.unless = there;
        } else {
            add.undo_done = head + "DROP CONSTRAINT IF EXISTS " + quote_ident(name);
            add.undo_done_if = there;
            add.undo_timeouts = timeout_class::blocking;
        }
        auto validate =
            made(head + "VALIDATE CONSTRAINT " + quote_ident(name), timeout_class::online, "reads and writes go on while the rows are checked");
        d.before.push_back(std::move(add));
        d.before.push_back(std::move(validate));
    }
    // It takes over the valid constraints of its partitions, and reads nothing.
    d.last.push_back("ADD CONSTRAINT " + quote_ident(name) + " " + clause);
}

}  // namespace policy::plans
