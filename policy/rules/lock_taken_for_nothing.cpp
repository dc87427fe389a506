#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool does_nothing(const alter_step& s, const relation_facts& table) {
    const auto* column = table.column(s.name);
    switch (s.action) {
    case alter_action::add_column: return s.if_exists && column && column->mark.empty();
    case alter_action::drop_column: return s.if_exists && !column;
    case alter_action::set_not_null: return column && column->not_null;
    case alter_action::drop_not_null: return column && !column->not_null;
    case alter_action::drop_constraint:
        return s.if_exists && std::none_of(table.constraints.begin(), table.constraints.end(),
                                           [&](const constraint_facts& k) { return k.name == s.name; });
    default: return false;
    }
}

std::optional<relation_facts> altered_for_nothing(const context& c) {
    const auto* a = std::get_if<alter_table>(&c.what.what);
    auto table = altered_table_in_use(c);
    if (!a || !table || table->columns.empty()) return std::nullopt;
    const bool nothing = std::all_of(a->steps.begin(), a->steps.end(), [&](const auto& s) { return does_nothing(s, *table); });
    return nothing ? table : std::nullopt;
}

std::optional<relation_facts> indexed_for_nothing(const context& c) {
    const auto* i = std::get_if<create_index>(&c.what.what);
    if (!i || !i->if_not_exists || i->concurrently) return std::nullopt;
    auto table = c.known.relation(i->table);
    const auto& taken = c.known.catalog().taken;
    const bool there = std::any_of(taken.begin(), taken.end(), [&](const taken_name& t) { return t.table == i->table && t.name == i->name; });
    return there && in_use(table) ? std::optional(std::move(table)) : std::nullopt;
}

std::optional<hazard> check(const context& c) {
    auto table = altered_for_nothing(c);
    if (!table) table = indexed_for_nothing(c);
    if (!table) return std::nullopt;
    auto h = described(c.what.kind + " locks " + readable(table->name) + " for nothing: it is so already", c);
    h.instead = not_run(c);
    return h;
}

}  // namespace

extern const rule lock_taken_for_nothing;
constinit const rule lock_taken_for_nothing{
    .text =
        {
            .id = "lock-taken-for-nothing",
            .family = family::blocking,
            .summary = "A table is locked although there is nothing left to do",
            .fires_when = "IF NOT EXISTS finds the column or index, IF EXISTS does not find the column or "
                          "constraint, or SET or DROP NOT NULL changes nothing, on a table that is in use; its "
                          "size does not matter",
            .harm = "PostgreSQL takes the lock first and looks then. Behind one long query the statement waits, "
                    "and every query that comes after waits behind it: a start script that makes sure of its "
                    "schema stops the application at each start.",
            .remedy = "Look into the catalog first (information_schema.columns, pg_indexes), and send the "
                      "statement only where something is to change. With the action rewrite the statement is answered and not "
                      "run, and no lock is taken.",
            .given = "CREATE TABLE notes (id bigint PRIMARY KEY, body text)",
            .before = "ALTER TABLE notes ADD COLUMN IF NOT EXISTS body text",
            .after = "ALTER TABLE notes ADD COLUMN IF NOT EXISTS author text",
            .action = config::action::warn,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
