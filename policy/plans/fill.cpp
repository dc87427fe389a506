#include "policy/plans/fill.hpp"

#include <algorithm>

#include "policy/hazards.hpp"
#include "policy/plans/constraint.hpp"
#include "policy/plans/parts.hpp"
#include "policy/quote.hpp"
#include "policy/rules.hpp"

namespace policy::plans {
namespace {

std::string reason_against(const draft& d, const alter_step& add) {
    const auto hooked = [](const relation_facts& r) {
        return r.hooks.any_update_triggers || r.hooks.rules || r.hooks.forced_row_security;
    };
    if (any_of_tree(d.table, d.c.known.catalog(), hooked))
        return "The rows would be filled by UPDATE, which ADD COLUMN is not: " + readable(d.table.name) +
               " has triggers or rules for it, or FORCE ROW LEVEL SECURITY.";
    if (add.column->default_where.length == 0) return "Where the default stands in the text is not certain, so nothing can run in its place.";
    const auto not_null = d.text_of(add.column->not_null_where);
    const bool named = !not_null.empty() && (not_null[0] == 'C' || not_null[0] == 'c');  // CONSTRAINT
    if (named && d.c.session.server_version >= named_not_null) return "NOT NULL has a name of its own. Add it in a statement of its own.";
    return {};
}

}  // namespace

bool differs_by_row(const column_words& column, const catalog_facts& catalog) {
    if (column.has_default != default_kind::expression || column.generated_stored) return false;
    const auto& called = column.default_expression.functions;
    return !catalog.asked || std::any_of(called.begin(), called.end(), [&](const auto& f) { return catalog.may_be_volatile(f); });
}

bool fills_later(const draft& d, const alter_step& add) {
    return set_to_rewrite("column-with-volatile-default", d.c.settings) && is_large(d.table, d.c) &&
           differs_by_row(*add.column, d.c.known.catalog());
}

void fill(draft& d, const alter_step& add) {
    d.cannot = reason_against(d, add);
    if (!d.cannot.empty()) return;
    const auto along = walk_along(d.table, d.what.only && !d.table.partitioned(), {}, d.cannot);
    if (!along) return;
    const auto column = quote_ident(add.name);
    const auto change = "UPDATE " + std::string(along->only ? "ONLY " : "") + quote_ident(d.table.name) + " SET " + column + " = DEFAULT";
    d.fills = true;
    d.before.push_back(in_parts(*along, change, column + " IS NULL", "the rows that were there get their values, a few at a time"));
    d.before.push_back(in_parts(*along, change, column + " IS NULL", "once more, for a row whose key was changed meanwhile"));
    if (!add.column->not_null || !prove_not_null(d, add.name)) return;
    d.last.push_back("ALTER COLUMN " + column + " SET NOT NULL");
}

}  // namespace policy::plans
