#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool is_required(const column_words& column) noexcept {
    return column.not_null && column.has_default == default_kind::none && !column.identity && !column.serial &&
           !column.generated_stored;
}

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [](const alter_step& s) {
        return s.action == alter_action::add_column && s.column && is_required(*s.column);
    });
    if (!step) return std::nullopt;
    return described("adding column " + readable(step->name) + " to " + readable(table->name) +
                         " as NOT NULL without a default breaks every INSERT that does not know it",
                     c);
}

}  // namespace

extern const rule required_column_without_default;
constinit const rule required_column_without_default{
    .text =
        {
            .id = "required-column-without-default",
            .family = family::compatibility,
            .summary = "A NOT NULL column is added without a default",
            .fires_when = "the table exists and was not made in this transaction; its size does not matter",
            .harm = "It fails at once where the table has rows. Where it has none, the old version of the "
                    "application, which does not know the column, can no longer insert any.",
            .remedy = "Give the column a DEFAULT in the same statement, or add it without NOT NULL.",
            .django = "In Django: give the field a db_default (Django 5) or null=True.",
            .before = "ALTER TABLE orders ADD COLUMN state text NOT NULL",
            .after = "ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new'",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
