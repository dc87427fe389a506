#include "policy/hazards.hpp"
#include "policy/plans/rows.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* q = std::get_if<query>(&c.what.what);
    if (!q) return std::nullopt;
    for (const auto& write : q->writes) {
        if (!write.deletes || write.has_where) continue;
        const auto table = c.known.relation(write.table);
        if (!in_use(table)) continue;
        return plans::with_parts(described("DELETE without WHERE removes every row of " + readable(table.name), c), write,
                                 "delete-without-where", c);
    }
    return std::nullopt;
}

}  // namespace

extern const rule delete_without_where;
constinit const rule delete_without_where{
    .text =
        {
            .id = "delete-without-where",
            .family = family::destructive,
            .summary = "DELETE without WHERE",
            .fires_when = "a DELETE has no WHERE, also inside WITH or EXPLAIN ANALYZE",
            .harm = "Every row of the table is removed in one transaction: the rows stay locked until it ends, and "
                    "the table and its indexes grow by as much again.",
            .remedy = "Say which rows, and do many of them in batches, each in a transaction of its own. With `rewrite` that is "
                      "done for you where the table is not smaller than small_table, outside a transaction: along the primary "
                      "key, a few rows at a time, each part committed by itself, and the tag counts them all. What is gone stays "
                      "gone if a later part fails or is canceled; the same statement run again removes the rest. It is refused "
                      "where the table refers to itself or has triggers for it, and with USING, WITH and RETURNING.",
            .django = "In Django: set `atomic = False` on the migration, and send the DELETE by RunSQL: QuerySet.delete() opens "
                      "a transaction of its own.",
            .before = "DELETE FROM orders",
            .after = "DELETE FROM orders WHERE id BETWEEN 1 AND 1000",
            .action = config::action::warn,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
