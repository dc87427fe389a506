#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* r = std::get_if<renaming>(&c.what.what);
    if (!r || r->kind != object_kind::enum_value) return std::nullopt;
    return described("renaming the enum value " + literal(r->old_name) + " to " + literal(r->new_name) +
                         " breaks every session that still uses the old one",
                     c);
}

}  // namespace

extern const rule enum_value_renamed;
constinit const rule enum_value_renamed{
    .text =
        {
            .id = "enum-value-renamed",
            .family = family::compatibility,
            .summary = "A value of an enum type gets another name",
            .fires_when = "ALTER TYPE ... RENAME VALUE",
            .harm = "The old version of the application still writes and compares with the old value, and fails with "
                    "22P02.",
            .remedy = "Add a value with the new name, write it from the new version on, change the rows in batches, "
                      "and leave the old value unused.",
            .before = "ALTER TYPE order_state RENAME VALUE 'sent' TO 'shipped'",
            .after = "ALTER TYPE order_state ADD VALUE 'shipped'",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
