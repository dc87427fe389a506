#include "policy/hazards.hpp"
#include "policy/plans/rows.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* q = std::get_if<query>(&c.what.what);
    if (!q) return std::nullopt;
    for (const auto& write : q->writes) {
        if (write.deletes || write.has_where) continue;
        const auto table = c.known.relation(write.table);
        if (!in_use(table)) continue;
        return plans::with_parts(described("UPDATE without WHERE changes every row of " + readable(table.name), c), write,
                                 "update-without-where", c);
    }
    return std::nullopt;
}

}  // namespace

extern const rule update_without_where;
constinit const rule update_without_where{
    .text =
        {
            .id = "update-without-where",
            .family = family::destructive,
            .summary = "UPDATE without WHERE",
            .fires_when = "an UPDATE has no WHERE, also inside WITH or EXPLAIN ANALYZE",
            .harm = "Every row of the table is written anew in one transaction: the rows stay locked until it ends, "
                    "and the table and its indexes grow by as much again.",
            .remedy = "Say which rows, and do many of them in batches, each in a transaction of its own. With `rewrite` that is "
                      "done for you where the table is not smaller than small_table, outside a transaction: along the primary "
                      "key, a few rows at a time, each part committed by itself, and the tag counts them all. What is done stays "
                      "done if a later part fails or is canceled; the same statement run again does all rows once more, so it "
                      "is refused where that is not harmless (SET n = n + 1, function calls, triggers), and so it is with "
                      "FROM, WITH, RETURNING and parameters.",
            .django = "In Django: set `atomic = False` on the migration; RunPython may then send the UPDATE, or RunSQL.",
            .before = "UPDATE orders SET state = 'new'",
            .after = "UPDATE orders SET state = 'new' WHERE id BETWEEN 1 AND 1000",
            .action = config::action::warn,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
