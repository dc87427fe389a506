#include "policy/hazards.hpp"
#include "policy/plans/alter_table.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = added_constraint(c, [](const constraint_words& k) { return k.kind == constraint_kind::check && !k.not_valid; });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return plans::with_plan(
        described("adding a CHECK constraint to " + readable(table->name) + " stops every read and write until all rows are checked", c),
        c);
}

}  // namespace

extern const rule check_validated_at_once;
constinit const rule check_validated_at_once{
    .text =
        {
            .id = "check-validated-at-once",
            .family = family::blocking,
            .summary = "A CHECK constraint is added and every row checked in the same statement",
            .fires_when = "a CHECK is added without NOT VALID, the table exists, is seen by other sessions and is not "
                          "smaller than small_table",
            .harm = "ADD CHECK holds ACCESS EXCLUSIVE while it reads the whole table: every query on it waits.",
            .remedy = "Outside a transaction it is done for you in two steps: the constraint is added NOT VALID, which checks "
                      "new rows only, and validated in a transaction of its own, which lets reads and writes go on.",
            .django = "In Django: set `atomic = False` on the migration, or use AddConstraintNotValid and, in a later migration, "
                      "ValidateConstraint from django.contrib.postgres.operations.",
            .before = "ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0)",
            .after = "ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0) NOT VALID",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
