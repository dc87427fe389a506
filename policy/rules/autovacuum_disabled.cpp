#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    if (!altered_by(c, [](const alter_step& s) { return s.action == alter_action::set_options && s.value == "autovacuum off"; }))
        return std::nullopt;
    return described("autovacuum no longer looks after " + readable(table->name), c);
}

}  // namespace

extern const rule autovacuum_disabled;
constinit const rule autovacuum_disabled{
    .text =
        {
            .id = "autovacuum-disabled",
            .family = family::advice,
            .summary = "Autovacuum is switched off for a table",
            .fires_when = "ALTER TABLE ... SET (autovacuum_enabled = false) on a table that was not made in this "
                          "transaction",
            .harm = "Dead rows stay, the table and its indexes grow, and plans are made from old statistics, until "
                    "somebody remembers.",
            .remedy = "Change the thresholds (autovacuum_vacuum_scale_factor, autovacuum_vacuum_cost_delay) "
                      "instead; or switch it on again in the same deploy.",
            .before = "ALTER TABLE orders SET (autovacuum_enabled = false)",
            .after = "ALTER TABLE orders SET (autovacuum_vacuum_scale_factor = 0.01)",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
