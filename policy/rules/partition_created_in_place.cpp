#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::create_table) return std::nullopt;
    for (const auto& r : d->relations)
        if (r.as == use::partitioned_parent && in_use(c.known.relation(r.name)))
            return described("CREATE TABLE ... PARTITION OF stops every query on " + readable(r.name) + " for a moment",
                             c);
    return std::nullopt;
}

}  // namespace

extern const rule partition_created_in_place;
constinit const rule partition_created_in_place{
    .text =
        {
            .id = "partition-created-in-place",
            .family = family::advice,
            .summary = "CREATE TABLE ... PARTITION OF on a parent that is in use",
            .fires_when = "a partition is created as such; the parent exists and was not made in this transaction",
            .harm = "It takes ACCESS EXCLUSIVE on the parent, so it waits for every query on any partition, and every "
                    "query that comes after waits behind it. Where there is a DEFAULT partition it is read whole "
                    "under that lock.",
            .remedy = "Create the table on its own with LIKE parent INCLUDING ALL, then ATTACH PARTITION, which takes "
                      "SHARE UPDATE EXCLUSIVE on the parent.",
            .before = "CREATE TABLE events_8 PARTITION OF events FOR VALUES FROM (8000) TO (9000)",
            .after = "CREATE TABLE events_8 (LIKE events INCLUDING ALL)",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
