#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [](const alter_step& s) { return s.action == alter_action::set_not_null; });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return described("SET NOT NULL on column " + readable(step->name) + " of " + readable(table->name) +
                         " stops every read and write until all rows are checked",
                     c);
}

}  // namespace

extern const rule not_null_set_with_scan;
constinit const rule not_null_set_with_scan{
    .text =
        {
            .id = "not-null-set-with-scan",
            .family = family::blocking,
            .summary = "SET NOT NULL that has to read the whole table",
            .fires_when = "a column is SET NOT NULL, no valid CHECK constraint proves it to have no nulls already, "
                          "the table exists, is seen by other sessions and is not smaller than small_table",
            .harm = "SET NOT NULL holds ACCESS EXCLUSIVE while it reads the whole table: every query on it waits.",
            .remedy = "Add CHECK (column IS NOT NULL) NOT VALID, VALIDATE CONSTRAINT it in a transaction of its own, "
                      "then SET NOT NULL in a statement of its own: PostgreSQL takes the valid CHECK as proof and "
                      "reads nothing. Drop the CHECK afterwards.",
            .django = "In Django: run those statements with RunSQL in migrations of their own, before the AlterField "
                      "that makes the field null=False.",
            .before = "ALTER TABLE orders ALTER COLUMN status SET NOT NULL",
            .after = "ALTER TABLE orders ADD CONSTRAINT orders_status_set CHECK (status IS NOT NULL) NOT VALID",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
