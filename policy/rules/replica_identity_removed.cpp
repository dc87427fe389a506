#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    if (!altered_by(c, [](const alter_step& s) { return s.action == alter_action::set_replica_identity && s.value == "nothing"; }))
        return std::nullopt;
    return described("rows of " + readable(table->name) + " have no identity for logical replication any more", c);
}

}  // namespace

extern const rule replica_identity_removed;
constinit const rule replica_identity_removed{
    .text =
        {
            .id = "replica-identity-removed",
            .family = family::compatibility,
            .summary = "A table loses its replica identity",
            .fires_when = "ALTER TABLE ... REPLICA IDENTITY NOTHING on a table that was not made in this transaction",
            .harm = "Where the table is published, or comes to be, every UPDATE and DELETE on it fails (55000).",
            .remedy = "Leave it at DEFAULT, the primary key, or name a unique index.",
            .before = "ALTER TABLE orders REPLICA IDENTITY NOTHING",
            .after = "ALTER TABLE orders REPLICA IDENTITY DEFAULT",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
