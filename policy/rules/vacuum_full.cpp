#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::vacuum_full) return std::nullopt;
    const auto target = large_target(*d, c);
    if (!target) return std::nullopt;
    return described("VACUUM FULL stops every read and write on " + *target + " until it is written anew", c);
}

}  // namespace

extern const rule vacuum_full;
constinit const rule vacuum_full{
    .text =
        {
            .id = "vacuum-full",
            .family = family::blocking,
            .summary = "VACUUM FULL of a table that is in use",
            .fires_when = "the table exists, is seen by other sessions and is not smaller than small_table",
            .harm = "The table and all of its indexes are written anew under ACCESS EXCLUSIVE: every query on it "
                    "waits, for hours on a large table.",
            .remedy = "Plain VACUUM makes the space usable again without that lock. To give it back to the system use "
                      "pg_repack.",
            .before = "VACUUM FULL orders",
            .after = "VACUUM orders",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
