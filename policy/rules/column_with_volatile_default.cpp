#include "policy/hazards.hpp"
#include "policy/plans/alter_table.hpp"
#include "policy/plans/fill.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [&](const alter_step& s) {
        return s.action == alter_action::add_column && s.column && plans::differs_by_row(*s.column, c.known.catalog());
    });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return plans::with_plan(described("adding column " + readable(step->name) +
                                          " with a default computed for each row stops every read and write on " +
                                          readable(table->name) + " until the table is written anew",
                                      c),
                            c);
}

}  // namespace

extern const rule column_with_volatile_default;
constinit const rule column_with_volatile_default{
    .text =
        {
            .id = "column-with-volatile-default",
            .family = family::blocking,
            .summary = "A column is added with a default that differs from row to row",
            .fires_when = "the DEFAULT of a new column calls a volatile function (random(), gen_random_uuid(), "
                          "clock_timestamp(), nextval() ...), the table exists, is seen by other sessions and is not "
                          "smaller than small_table",
            .harm = "The table and all of its indexes are written anew under ACCESS EXCLUSIVE: every query on it "
                    "waits. A default that is the same for all rows (a constant, now()) is stored once and costs "
                    "nothing.",
            .remedy = "Outside a transaction it is done for you in steps: the column is added empty, with the default for "
                      "new rows; the rows that are there are filled a few at a time along the primary key, each part "
                      "committed by itself; then comes NOT NULL, without a scan under its lock. Until the statement has "
                      "ended others see nulls, and a null that they write into the column is filled too. A failure takes the "
                      "column away again.",
            .django = "In Django: set `atomic = False` on the migration.",
            .before = "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()",
            .after = "ALTER TABLE orders ADD COLUMN token uuid",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
