#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::drop_index || d->concurrently) return std::nullopt;
    const auto target = large_target(*d, c);
    if (!target) return std::nullopt;
    return described("DROP INDEX without CONCURRENTLY stops every read and write on the table of " + *target +
                         " while it waits for its lock",
                     c);
}

}  // namespace

extern const rule drop_index_without_concurrently;
constinit const rule drop_index_without_concurrently{
    .text =
        {
            .id = "drop-index-without-concurrently",
            .family = family::blocking,
            .summary = "DROP INDEX without CONCURRENTLY",
            .fires_when = "CONCURRENTLY is absent, the index is not one of a partitioned table, and the table is in "
                          "use and not smaller than small_table",
            .harm = "DROP INDEX needs ACCESS EXCLUSIVE on the table: it waits for every query that is running on it, "
                    "and every query that comes after waits behind it.",
            .remedy = "Use DROP INDEX CONCURRENTLY with one index at a time, outside a transaction.",
            .django = "In Django: use RemoveIndexConcurrently from django.contrib.postgres.operations in a migration "
                      "with `atomic = False`.",
            .before = "DROP INDEX orders_status",
            .after = "DROP INDEX CONCURRENTLY orders_status",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
