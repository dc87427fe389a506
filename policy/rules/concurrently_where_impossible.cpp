#include "policy/hazards.hpp"
#include "policy/plans/concurrently.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

// Why the server will refuse it; empty: nothing is known that speaks against it.
std::string obstacle(const ddl& d, const context& c) {
    if (!d.concurrently || d.relations.empty()) return {};
    const auto first = c.known.relation(d.relations.front().name);
    if (d.verb == verb::drop_index) {
        if (d.relations.size() > 1) return "drops one index at a time";
        if (d.cascade) return "cannot drop what depends on the index (CASCADE)";
        if (first.kind == 'I') return "cannot drop the index of a partitioned table";
    }
    if (d.verb == verb::refresh && first.known && first.exists && !plans::has_key_of_all_rows(first))
        return "needs a unique index on columns of " + readable(first.name) + ", without WHERE";
    return {};
}

std::string obstacle(const context& c) {
    if (const auto* d = std::get_if<ddl>(&c.what.what)) return obstacle(*d, c);
    if (const auto* i = std::get_if<create_index>(&c.what.what); i && i->concurrently && c.known.relation(i->table).partitioned())
        return "cannot build the index of a partitioned table";
    const auto* a = std::get_if<alter_table>(&c.what.what);
    if (a && altered_by(c, [](const auto& s) { return s.action == alter_action::detach_partition_concurrently; }) &&
        c.known.relation(a->relation).default_partition != 0)
        return "cannot detach from a table that has a DEFAULT partition";
    return {};
}

std::optional<hazard> check(const context& c) {
    const auto why = obstacle(c);
    if (why.empty()) return std::nullopt;
    return described("PostgreSQL " + why + " CONCURRENTLY", c);
}

}  // namespace

extern const rule concurrently_where_impossible;
constinit const rule concurrently_where_impossible{
    .text =
        {
            .id = "concurrently-where-impossible",
            .family = family::blocking,
            .summary = "CONCURRENTLY where PostgreSQL has no such way",
            .fires_when = "DROP INDEX CONCURRENTLY names several indexes or says CASCADE; CREATE or DROP INDEX "
                          "CONCURRENTLY is about a partitioned table; REFRESH ... CONCURRENTLY is about a view "
                          "without a unique index; DETACH PARTITION ... CONCURRENTLY is about a table with a "
                          "DEFAULT partition",
            .harm = "PostgreSQL refuses it, and the deploy stops there. Left without CONCURRENTLY it would run, "
                    "and block.",
            .remedy = "Drop indexes one by one. On a partitioned table create the index ON ONLY the parent, then "
                      "CONCURRENTLY on each partition, and attach those with ALTER INDEX ... ATTACH PARTITION. "
                      "Give a materialized view a unique index first. Take the DEFAULT partition out before "
                      "partitions are detached.",
            .before = "DROP INDEX CONCURRENTLY orders_status, orders_total",
            .after = "DROP INDEX CONCURRENTLY orders_status",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
