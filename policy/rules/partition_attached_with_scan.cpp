#include "policy/hazards.hpp"
#include "policy/plans/alter_table.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool attaches(const alter_step& s) noexcept { return s.action == alter_action::attach_partition && s.partner.has_value(); }

std::optional<hazard> check(const context& c) {
    const auto* step = altered_by(c, attaches);
    if (!step) return std::nullopt;
    const auto partition = c.known.relation(*step->partner);
    if (work_on(partition, c) == work::none || !is_large(partition, c)) return std::nullopt;
    return plans::with_plan(described("attaching " + readable(partition.name) + " reads it whole while nobody else can use it", c), c);
}

}  // namespace

extern const rule partition_attached_with_scan;
constinit const rule partition_attached_with_scan{
    .text =
        {
            .id = "partition-attached-with-scan",
            .family = family::blocking,
            .summary = "ATTACH PARTITION that has to read the new partition",
            .fires_when = "a partition is attached, no valid CHECK proves that its rows fit or it lacks an index that the "
                          "parent has, and it is in use and not smaller than small_table",
            .harm = "The partition to be attached is read whole under ACCESS EXCLUSIVE to see that its rows fit, and "
                    "indexes that it lacks are built under the same lock: every query on it waits.",
            .remedy = "Outside a transaction it is done for you in steps: a CHECK that says the same as the bound is added NOT "
                      "VALID and validated, ATTACH takes it as proof and reads nothing, and the CHECK is dropped. Indexes "
                      "and foreign keys of the parent have to be on the new partition before.",
            .before = "ALTER TABLE events ATTACH PARTITION events_7 FOR VALUES FROM (7000) TO (8000)",
            .after = "ALTER TABLE events_7 ADD CONSTRAINT fits CHECK (id >= 7000 AND id < 8000) NOT VALID",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
