#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* q = std::get_if<query>(&c.what.what);
    if (!q) return std::nullopt;
    for (const auto& write : q->writes) {
        if (!write.deletes || write.has_where) continue;
        const auto table = c.known.relation(write.table);
        if (in_use(table)) return described("DELETE without WHERE removes every row of " + readable(table.name), c);
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
            .remedy = "Say which rows, and do many of them in batches, each in a transaction of its own.",
            .before = "DELETE FROM orders",
            .after = "DELETE FROM orders WHERE id BETWEEN 1 AND 1000",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
