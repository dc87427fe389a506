#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool differs_by_row(const column_words& column, const catalog_facts& catalog) {
    if (column.has_default != default_kind::expression || column.generated_stored) return false;
    const auto& called = column.default_expression.functions;
    return !catalog.asked || std::any_of(called.begin(), called.end(), [&](const auto& f) { return catalog.may_be_volatile(f); });
}

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [&](const alter_step& s) {
        return s.action == alter_action::add_column && s.column && differs_by_row(*s.column, c.known.catalog());
    });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return described("adding column " + readable(step->name) +
                         " with a default computed for each row stops every read and write on " +
                         readable(table->name) + " until the table is written anew",
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
            .remedy = "Add the column without a default, then SET DEFAULT for new rows, then fill the old rows in "
                      "batches.",
            .django = "In Django: add the field with null=True, fill it in batches, then make it null=False.",
            .before = "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()",
            .after = "ALTER TABLE orders ADD COLUMN token uuid",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
