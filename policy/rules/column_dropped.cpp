#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [&](const alter_step& s) {
        const bool missing = s.if_exists && !table->columns.empty() && !table->column(s.name);
        return s.action == alter_action::drop_column && !missing;
    });
    if (!step) return std::nullopt;
    return described("dropping column " + readable(step->name) + " of " + readable(table->name) +
                         " breaks every session that still uses it",
                     c);
}

}  // namespace

extern const rule column_dropped;
constinit const rule column_dropped{
    .text =
        {
            .id = "column-dropped",
            .family = family::compatibility,
            .summary = "A column of a table that is in use is dropped",
            .fires_when = "the table exists and was not made in this transaction; its size does not matter",
            .harm = "While a deploy rolls out, the old version of the application still names the column and fails on "
                    "it; an ORM that lists all columns fails on every query of the table. Indexes and constraints "
                    "that contain the column go with it, those on several columns too.",
            .remedy = "First deploy an application that no longer knows the column, then drop it.",
            .django = "In Django: remove the field in one deploy with SeparateDatabaseAndState and only "
                      "state_operations, and drop the column in a later one.",
            .before = "ALTER TABLE orders DROP COLUMN note",
            .after = "ALTER TABLE orders ALTER COLUMN note DROP NOT NULL",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
