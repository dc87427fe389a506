#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::cluster) return std::nullopt;
    const auto target = large_target(*d, c);
    if (!target) return std::nullopt;
    return described("CLUSTER stops every read and write on " + *target + " until it is written anew", c);
}

}  // namespace

extern const rule cluster;
constinit const rule cluster{
    .text =
        {
            .id = "cluster",
            .family = family::blocking,
            .summary = "CLUSTER of a table that is in use",
            .fires_when = "the table exists, is seen by other sessions and is not smaller than small_table",
            .harm = "The table and all of its indexes are written anew under ACCESS EXCLUSIVE: every query on it "
                    "waits.",
            .remedy = "Use pg_repack, which sorts a copy while the table stays in use.",
            .before = "CLUSTER orders USING orders_pkey",
            .after = "ALTER TABLE orders CLUSTER ON orders_pkey",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
