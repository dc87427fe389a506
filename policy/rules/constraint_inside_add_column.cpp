#include <algorithm>

#include "policy/hazards.hpp"
#include "policy/plans/alter_table.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

// A foreign key on a column without values has nothing to check.
bool has_work(const column_words& column) noexcept {
    return std::any_of(column.constraints.begin(), column.constraints.end(), [&](const constraint_words& k) {
        return k.kind != constraint_kind::foreign_key || column.has_default != default_kind::none;
    });
}

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step =
        altered_by(c, [](const alter_step& s) { return s.action == alter_action::add_column && s.column && has_work(*s.column); });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return plans::with_plan(
        described("adding column " + readable(step->name) + " together with its constraint stops every read and write on " +
                      readable(table->name) + " until all rows are seen",
                  c),
        c);
}

}  // namespace

extern const rule constraint_inside_add_column;
constinit const rule constraint_inside_add_column{
    .text =
        {
            .id = "constraint-inside-add-column",
            .family = family::blocking,
            .summary = "A column is added together with a constraint that has to look at every row",
            .fires_when = "ADD COLUMN with CHECK, UNIQUE, PRIMARY KEY, or with REFERENCES and a default, the table "
                          "exists, is seen by other sessions and is not smaller than small_table",
            .harm = "The constraint is checked, or its index built, under the ACCESS EXCLUSIVE lock of ADD COLUMN: "
                    "every query on the table waits, even where the new column is null in every row.",
            .remedy = "Outside a transaction it is done for you in steps: the column is added alone, then a CHECK or a foreign "
                      "key NOT VALID and validated in a transaction of its own; for UNIQUE the index is built "
                      "CONCURRENTLY and the constraint put on it.",
            .django = "In Django: set `atomic = False` on the migration.",
            .before = "ALTER TABLE orders ADD COLUMN score int CHECK (score > 0)",
            .after = "ALTER TABLE orders ADD COLUMN score int",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
