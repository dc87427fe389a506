#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::drop_relation ||
        (d->kind != object_kind::view && d->kind != object_kind::materialized_view))
        return std::nullopt;
    const auto target = target_in_use(*d, c);
    if (!target) return std::nullopt;
    return described("dropping the view " + *target + " breaks every session that still uses it", c);
}

}  // namespace

extern const rule view_dropped;
constinit const rule view_dropped{
    .text =
        {
            .id = "view-dropped",
            .family = family::compatibility,
            .summary = "A view that is in use is dropped",
            .fires_when = "the view exists and was not made in this transaction",
            .harm = "While a deploy rolls out, the old version of the application still reads the view and fails on "
                    "it.",
            .remedy = "First deploy an application that no longer reads the view, then drop it. To change it, use "
                      "CREATE OR REPLACE VIEW, or drop and create it in one transaction.",
            .before = "DROP VIEW open_orders",
            .after = "CREATE OR REPLACE VIEW open_orders AS SELECT * FROM orders WHERE open",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
