#include "policy/hazards.hpp"
#include "policy/plans/concurrently.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::refresh || d->concurrently || d->with_no_data) return std::nullopt;
    const auto target = large_target(*d, c);
    if (!target) return std::nullopt;
    // Nobody can read it yet, and CONCURRENTLY would not fill it.
    if (!d->relations.empty() && !c.known.relation(d->relations.front().name).populated) return std::nullopt;
    auto h = described("REFRESH MATERIALIZED VIEW without CONCURRENTLY stops every read of " + *target + " until it is filled", c);
    return plans::with(std::move(h), plans::refresh(*d, c));
}

}  // namespace

extern const rule refresh_without_concurrently;
constinit const rule refresh_without_concurrently{
    .text =
        {
            .id = "refresh-without-concurrently",
            .family = family::blocking,
            .summary = "REFRESH MATERIALIZED VIEW without CONCURRENTLY",
            .fires_when = "CONCURRENTLY is absent, and the materialized view is in use, filled, and not smaller than "
                          "small_table",
            .harm = "The view's query runs under ACCESS EXCLUSIVE on the materialized view: every read of it waits "
                    "until the query is done.",
            .remedy = "Give the materialized view a UNIQUE index on plain columns, without WHERE. Outside a transaction "
                      "REFRESH MATERIALIZED VIEW CONCURRENTLY is then run instead.",
            .before = "REFRESH MATERIALIZED VIEW sales",
            .after = "REFRESH MATERIALIZED VIEW CONCURRENTLY sales",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
