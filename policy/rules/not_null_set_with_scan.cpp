#include "policy/hazards.hpp"
#include "policy/plans/alter_table.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [](const alter_step& s) { return s.action == alter_action::set_not_null; });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return plans::with_plan(described("SET NOT NULL on column " + readable(step->name) + " of " + readable(table->name) +
                                          " stops every read and write until all rows are checked",
                                      c),
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
            .remedy = "Outside a transaction it is done for you in steps: CHECK (column IS NOT NULL) is added NOT VALID and "
                      "validated in a transaction of its own, SET NOT NULL takes it as proof and reads nothing, and the "
                      "CHECK is dropped. Since PostgreSQL 18 NOT NULL itself is added NOT VALID and validated.",
            .django = "In Django: set `atomic = False` on the migration.",
            .before = "ALTER TABLE orders ALTER COLUMN status SET NOT NULL",
            .after = "ALTER TABLE orders ADD CONSTRAINT orders_status_set CHECK (status IS NOT NULL) NOT VALID",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
