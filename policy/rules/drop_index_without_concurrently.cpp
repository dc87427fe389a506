#include "policy/hazards.hpp"
#include "policy/plans/concurrently.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::drop_index || d->concurrently) return std::nullopt;
    const auto target = large_target(*d, c);
    if (!target) return std::nullopt;
    auto h = described("DROP INDEX without CONCURRENTLY stops every read and write on the table of " + *target +
                           " while it waits for its lock",
                       c);
    return plans::with(std::move(h), plans::drop_indexes(*d, c));
}

}  // namespace

extern const rule drop_index_without_concurrently;
constinit const rule drop_index_without_concurrently{
    .text =
        {
            .id = "drop-index-without-concurrently",
            .family = family::blocking,
            .summary = "DROP INDEX without CONCURRENTLY",
            .fires_when = "CONCURRENTLY is absent, and the table is in use and not smaller than small_table",
            .harm = "DROP INDEX needs ACCESS EXCLUSIVE on the table: it waits for every query that is running on it, "
                    "and every query that comes after waits behind it.",
            .remedy = "Outside a transaction DROP INDEX CONCURRENTLY is run instead, with one index at a time.",
            .django = "In Django: use RemoveIndexConcurrently from django.contrib.postgres.operations in a migration "
                      "with `atomic = False`.",
            .before = "DROP INDEX orders_status",
            .after = "DROP INDEX CONCURRENTLY orders_status",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
