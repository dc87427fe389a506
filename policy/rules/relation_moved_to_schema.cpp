#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::set_schema) return std::nullopt;
    const auto target = target_in_use(*d, c);
    if (!target) return std::nullopt;
    return described(
        "moving " + *target + " to another schema breaks every session that still looks for it in the old one", c);
}

}  // namespace

extern const rule relation_moved_to_schema;
constinit const rule relation_moved_to_schema{
    .text =
        {
            .id = "relation-moved-to-schema",
            .family = family::compatibility,
            .summary = "A table or view that is in use moves to another schema",
            .fires_when = "the relation exists and was not made in this transaction",
            .harm = "Sessions find the relation by its schema or by their search_path: the old version of the "
                    "application fails on it from the moment of the COMMIT on.",
            .remedy = "Leave it where it is, or, in the same transaction, create a view of the same name in the old "
                      "schema.",
            .before = "ALTER TABLE orders SET SCHEMA shop",
            .after = "CREATE VIEW shop.orders AS SELECT * FROM public.orders",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
