#include "policy/hazards.hpp"
#include "policy/plans/concurrently.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::reindex || d->concurrently) return std::nullopt;
    const auto target = large_target(*d, c);
    if (!target) return std::nullopt;
    auto h = described("REINDEX without CONCURRENTLY stops every write, and every query that plans with the index, on " +
                           *target + " until it is built",
                       c);
    return plans::with(std::move(h), plans::reindex(*d, c));
}

}  // namespace

extern const rule reindex_without_concurrently;
constinit const rule reindex_without_concurrently{
    .text =
        {
            .id = "reindex-without-concurrently",
            .family = family::blocking,
            .summary = "REINDEX without CONCURRENTLY",
            .fires_when = "CONCURRENTLY is absent and the table exists, is seen by other sessions and is not smaller "
                          "than small_table",
            .harm = "REINDEX holds SHARE on the table and ACCESS EXCLUSIVE on each index in turn: every write waits, "
                    "and so does every query for which PostgreSQL looks at the index.",
            .remedy = "Outside a transaction REINDEX ... CONCURRENTLY is run instead; what a failed one leaves behind is dropped.",
            .before = "REINDEX TABLE orders",
            .after = "REINDEX TABLE CONCURRENTLY orders",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
