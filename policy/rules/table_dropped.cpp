#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::drop_relation ||
        (d->kind != object_kind::table && d->kind != object_kind::foreign_table))
        return std::nullopt;
    const auto target = target_in_use(*d, c);
    if (!target) return std::nullopt;
    return described("dropping " + *target + " breaks every session that still uses it", c);
}

}  // namespace

extern const rule table_dropped;
constinit const rule table_dropped{
    .text =
        {
            .id = "table-dropped",
            .family = family::compatibility,
            .summary = "A table that is in use is dropped",
            .fires_when = "the table exists and was not made in this transaction",
            .harm = "While a deploy rolls out, the old version of the application still uses the table and fails on "
                    "it. DROP TABLE also takes ACCESS EXCLUSIVE on every table that it references.",
            .remedy = "First deploy an application that no longer uses the table, then drop it.",
            .django = "In Django: remove the model in one deploy with SeparateDatabaseAndState and only "
                      "state_operations, and drop the table in a later one.",
            .before = "DROP TABLE orders",
            .after = "ALTER TABLE orders DISABLE TRIGGER audit",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
