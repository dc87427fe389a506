#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [](const alter_step& s) {
        return s.action == alter_action::add_column && s.column && s.column->generated_stored;
    });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return described("adding the stored generated column " + readable(step->name) + " stops every read and write on " +
                         readable(table->name) + " until the table is written anew",
                     c);
}

}  // namespace

extern const rule stored_generated_column_added;
constinit const rule stored_generated_column_added{
    .text =
        {
            .id = "stored-generated-column-added",
            .family = family::blocking,
            .summary = "A generated column that is stored is added to a table with rows",
            .fires_when = "ADD COLUMN ... GENERATED ALWAYS AS (...) STORED, the table exists, is seen by other "
                          "sessions and is not smaller than small_table",
            .harm = "The value is computed for every row, so the table and all of its indexes are written anew under "
                    "ACCESS EXCLUSIVE: every query on it waits.",
            .remedy = "Add a plain column, keep it in step with a trigger and fill the old rows in batches; or "
                      "compute the value in a view. From PostgreSQL 18 on a VIRTUAL generated column costs nothing.",
            .before = "ALTER TABLE orders ADD COLUMN total_cents bigint GENERATED ALWAYS AS (total * 100) STORED",
            .after = "ALTER TABLE orders ADD COLUMN total_cents bigint",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
