#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || !d->cascade || d->verb == verb::truncate) return std::nullopt;
    // Whoever drops a table is told so by another rule; its own CASCADE is what an ORM writes always.
    if (d->kind == object_kind::table) return std::nullopt;
    if (!d->relations.empty() && !target_in_use(*d, c)) return std::nullopt;
    return described(c.what.kind + " CASCADE also drops what depends on it, without naming it", c);
}

}  // namespace

extern const rule drop_with_cascade;
constinit const rule drop_with_cascade{
    .text =
        {
            .id = "drop-with-cascade",
            .family = family::destructive,
            .summary = "DROP ... CASCADE takes with it what depends on the object",
            .fires_when = "DROP with CASCADE of something that was not made in this transaction",
            .harm = "Views, foreign keys, triggers, defaults and columns that depend on the object are dropped "
                    "without being named; tables that lose one of them are locked in ACCESS EXCLUSIVE mode.",
            .remedy = "Leave CASCADE out: PostgreSQL then lists what depends on the object. Drop that first, by name.",
            .before = "DROP VIEW open_orders CASCADE",
            .after = "DROP FUNCTION open_orders_total()",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
