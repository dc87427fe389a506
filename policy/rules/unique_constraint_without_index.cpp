#include "policy/hazards.hpp"
#include "policy/plans/alter_table.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = added_constraint(c, [](const constraint_words& k) { return k.kind == constraint_kind::unique && !k.using_index; });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return plans::with_plan(
        described("adding a UNIQUE constraint to " + readable(table->name) + " stops every read and write until its index is built", c), c);
}

}  // namespace

extern const rule unique_constraint_without_index;
constinit const rule unique_constraint_without_index{
    .text =
        {
            .id = "unique-constraint-without-index",
            .family = family::blocking,
            .summary = "A UNIQUE constraint is added and its index built under its lock",
            .fires_when = "UNIQUE is added without USING INDEX, the table exists, is seen by other sessions and is "
                          "not smaller than small_table",
            .harm = "ADD UNIQUE holds ACCESS EXCLUSIVE while it builds the index: every query on the table waits.",
            .remedy = "Outside a transaction it is done for you in two steps: the index is built with CREATE UNIQUE INDEX "
                      "CONCURRENTLY, then ADD CONSTRAINT ... UNIQUE USING INDEX puts the constraint on it at once.",
            .django = "In Django: set `atomic = False` on the migration.",
            .before = "ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE (number)",
            .after = "ALTER TABLE orders ADD CONSTRAINT orders_number UNIQUE USING INDEX orders_number_idx",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
