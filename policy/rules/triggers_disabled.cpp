#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    if (!altered_by(c, [](const alter_step& s) { return s.action == alter_action::switch_trigger && s.value == "disable all"; }))
        return std::nullopt;
    return described("no trigger of " + readable(table->name) + " fires any more, for any session", c);
}

}  // namespace

extern const rule triggers_disabled;
constinit const rule triggers_disabled{
    .text =
        {
            .id = "triggers-disabled",
            .family = family::destructive,
            .summary = "All triggers of a table that is in use are switched off",
            .fires_when = "ALTER TABLE ... DISABLE TRIGGER ALL or USER on a table that was not made in this "
                          "transaction",
            .harm = "They are off for every session, not only for this one: what the application writes meanwhile "
                    "is not audited, copied or checked. With ALL that goes for foreign keys too, and rows that "
                    "point nowhere stay.",
            .remedy = "Set session_replication_role to replica in the session that loads the data: it switches "
                      "triggers off for that session alone, and takes no lock.",
            .before = "ALTER TABLE orders DISABLE TRIGGER ALL",
            .after = "SET session_replication_role = replica",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
