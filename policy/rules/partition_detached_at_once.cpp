#include "policy/hazards.hpp"
#include "policy/plans/concurrently.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [](const alter_step& s) { return s.action == alter_action::detach_partition; });
    if (!step) return std::nullopt;
    auto h = described("DETACH PARTITION without CONCURRENTLY stops every read and write on " + readable(table->name) +
                           " and its partition",
                       c);
    if (!step->partner) return h;
    return plans::with(std::move(h), plans::detach_partition(std::get<alter_table>(c.what.what), *step, c));
}

}  // namespace

extern const rule partition_detached_at_once;
constinit const rule partition_detached_at_once{
    .text =
        {
            .id = "partition-detached-at-once",
            .family = family::blocking,
            .summary = "DETACH PARTITION without CONCURRENTLY",
            .fires_when = "a partition is detached without CONCURRENTLY and the table exists, is seen by other "
                          "sessions and is not smaller than small_table",
            .harm = "DETACH PARTITION takes ACCESS EXCLUSIVE on the parent: it waits for every query that is running "
                    "on it, and every query on all partitions waits behind it.",
            .remedy = "Outside a transaction DETACH PARTITION ... CONCURRENTLY is run instead (PostgreSQL 14 and later, not "
                      "where there is a DEFAULT partition).",
            .before = "ALTER TABLE events DETACH PARTITION events_2020",
            .after = "ALTER TABLE events DETACH PARTITION events_2020 CONCURRENTLY",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
