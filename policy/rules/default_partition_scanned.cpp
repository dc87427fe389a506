#include "policy/hazards.hpp"
#include "policy/plans/alter_table.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

// The DEFAULT partition that the statement reads whole; null: none.
const relation_facts* read_whole(const relation_name& parent, const context& c) {
    const auto* standard = c.known.reached(c.known.relation(parent).default_partition);
    if (!standard || !is_large(*standard, c)) return nullptr;
    return work_on(*standard, c) == work::none ? nullptr : standard;
}

const relation_facts* read_whole(const context& c) {
    if (const auto* a = std::get_if<alter_table>(&c.what.what))
        return altered_by(c, [](const auto& s) { return s.action == alter_action::attach_partition; }) ? read_whole(a->relation, c)
                                                                                                       : nullptr;
    if (const auto* d = std::get_if<ddl>(&c.what.what); d && d->verb == verb::create_table)
        for (const auto& r : d->relations)
            if (r.as == use::partitioned_parent) return read_whole(r.name, c);
    return nullptr;
}

std::optional<hazard> check(const context& c) {
    const auto* standard = read_whole(c);
    if (!standard) return std::nullopt;
    return plans::with_plan(described("the new partition stops every read and write on the DEFAULT partition " + readable(standard->name) +
                                          " until all of its rows are checked",
                                      c),
                            c);
}

}  // namespace

extern const rule default_partition_scanned;
constinit const rule default_partition_scanned{
    .text =
        {
            .id = "default-partition-scanned",
            .family = family::blocking,
            .summary = "A partition is added beside a DEFAULT partition that has to be read",
            .fires_when = "ATTACH PARTITION or CREATE TABLE ... PARTITION OF on a table with a DEFAULT partition "
                          "that is in use and not smaller than small_table, and no valid CHECK proves that it has "
                          "no row of the new one",
            .harm = "PostgreSQL reads the whole DEFAULT partition under ACCESS EXCLUSIVE to see that no row in it "
                    "belongs to the new one: every query that needs it waits.",
            .remedy = "Outside a transaction ATTACH PARTITION is done for you in steps: the DEFAULT partition gets a CHECK that "
                      "says the opposite of the new bound, NOT VALID and then validated, which is taken as proof, and is "
                      "dropped afterwards. Instead of CREATE TABLE ... PARTITION OF create the table alone and attach it.",
            .given = "CREATE TABLE events_rest PARTITION OF events DEFAULT",
            .before = "CREATE TABLE events_9 PARTITION OF events FOR VALUES FROM (9000) TO (10000)",
            .after = "ALTER TABLE events_rest ADD CONSTRAINT not_9 CHECK (id < 9000 OR id >= 10000) NOT VALID",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
