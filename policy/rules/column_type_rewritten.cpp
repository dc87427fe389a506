#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::string_view what_is_done(work w) noexcept {
    switch (w) {
    case work::scan: return "its constraints are checked";
    case work::index_build: return "its indexes are built anew";
    default: return "the table is written anew";
    }
}

// Text only grows longer in most changes to these types, and then nothing is written. Where the column is known, the
// effects are.
bool may_widen(const alter_step& s) noexcept {
    const auto* to = s.column ? &s.column->type_parts.name : nullptr;
    return to && (*to == "varchar" || *to == "text") && !s.column->using_;
}

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [&](const alter_step& s) {
        return s.action == alter_action::set_type && (table->column(s.name) || !may_widen(s));
    });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return described("changing the type of column " + readable(step->name) + " of " + readable(table->name) +
                         " stops every read and write until " + std::string(what_is_done(heaviest(c.does)->work)),
                     c);
}

}  // namespace

extern const rule column_type_rewritten;
constinit const rule column_type_rewritten{
    .text =
        {
            .id = "column-type-rewritten",
            .family = family::blocking,
            .summary = "A column's type changes and the table is written anew",
            .fires_when = "a column gets a type that its stored values or its indexes do not fit as they are, the "
                          "table exists, is seen by other sessions and is not smaller than small_table",
            .harm = "The table and all of its indexes are written anew under ACCESS EXCLUSIVE: every query on it "
                    "waits, and the space is needed twice. Code that expects the old type may fail.",
            .remedy = "Add a column of the new type, keep both in step with a trigger, copy the values in batches, "
                      "then let the application use the new column and drop the old one.",
            .django = "In Django: add a field of the new type, fill it in a RunPython in batches with `atomic = "
                      "False`, and remove the old field in a later deploy.",
            .before = "ALTER TABLE orders ALTER COLUMN number TYPE bigint",
            .after = "ALTER TABLE orders ADD COLUMN number_big bigint",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
