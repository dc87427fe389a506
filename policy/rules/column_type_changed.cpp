#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

// pg_type.dat: values of these look the same to every client.
bool is_text(std::uint32_t type) noexcept { return type == 25 || type == 1042 || type == 1043; }

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [&](const alter_step& s) {
        if (s.action != alter_action::set_type || !s.column || s.column->type_parts.array) return false;
        const auto* from = table->column(s.name);
        const auto* to = c.known.catalog().type(s.column->type_parts);
        return from && to && from->type != to->base && !(is_text(from->type) && is_text(to->base));
    });
    if (!step) return std::nullopt;
    return described("column " + readable(step->name) + " of " + readable(table->name) + " changes from " +
                         table->column(step->name)->type_text + " to " + step->column->type + " under the application that is running",
                     c);
}

}  // namespace

extern const rule column_type_changed;
constinit const rule column_type_changed{
    .text =
        {
            .id = "column-type-changed",
            .family = family::compatibility,
            .summary = "A column gets a type whose values look different to the application",
            .fires_when = "the column's type changes to one of another kind (not from one text type to another, "
                          "not in its length), and the table was not made in this transaction; its size does not "
                          "matter",
            .harm = "The old version of the application gets values of a type that it does not expect: a number "
                    "larger than its variable, a time with a zone, a text. Prepared statements of open sessions "
                    "fail with 0A000 (cached plan must not change result type).",
            .remedy = "Add a column of the new type, keep both in step with a trigger, and drop the old one when "
                      "no application uses it.",
            .django = "In Django: add a field of the new type, and remove the old field in a later deploy.",
            .given = "CREATE TABLE readings (id bigint PRIMARY KEY, taken timestamp)",
            .before = "ALTER TABLE readings ALTER COLUMN taken TYPE timestamptz",
            .after = "ALTER TABLE readings ADD COLUMN taken_at timestamptz",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
