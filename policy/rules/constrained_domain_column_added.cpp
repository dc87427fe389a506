#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [&](const alter_step& s) {
        const auto* type = s.action == alter_action::add_column && s.column ? c.known.catalog().type(s.column->type_parts) : nullptr;
        return type && type->constrained;
    });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return described("adding column " + readable(step->name) + " of the constrained domain " + step->column->type +
                         " stops every read and write on " + readable(table->name) + " until the table is written anew",
                     c);
}

}  // namespace

extern const rule constrained_domain_column_added;
constinit const rule constrained_domain_column_added{
    .text =
        {
            .id = "constrained-domain-column-added",
            .family = family::blocking,
            .summary = "A column is added whose type is a domain with constraints",
            .fires_when = "the type of a new column is a domain with a CHECK or NOT NULL (its own, or of the "
                          "domain below it), the table exists, is seen by other sessions and is not smaller than "
                          "small_table",
            .harm = "PostgreSQL checks the domain's constraints row by row, even where every new value is null: "
                    "the table and all of its indexes are written anew under ACCESS EXCLUSIVE, and every query on "
                    "it waits.",
            .remedy = "Add the column with the domain's base type and a CHECK that says the same, NOT VALID, then "
                      "VALIDATE CONSTRAINT it in a transaction of its own.",
            .given = "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
            .before = "ALTER TABLE orders ADD COLUMN pieces positive",
            .after = "ALTER TABLE orders ADD COLUMN pieces integer",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
