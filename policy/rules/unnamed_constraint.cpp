#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* step = added_constraint(c, [](const constraint_words& k) { return k.name.empty() && !k.using_index; });
    if (!step) return std::nullopt;
    return described("a constraint is added without a name", c);
}

}  // namespace

extern const rule unnamed_constraint;
constinit const rule unnamed_constraint{
    .text =
        {
            .id = "unnamed-constraint",
            .family = family::advice,
            .summary = "A constraint is added without a name",
            .fires_when = "ADD CONSTRAINT, or a constraint of ADD COLUMN, has no name",
            .harm = "PostgreSQL makes a name up, which differs between databases where others were taken: a later "
                    "DROP CONSTRAINT works in one and fails in another.",
            .remedy = "Name the constraint.",
            .before = "ALTER TABLE orders ADD CHECK (total >= 0) NOT VALID",
            .after = "ALTER TABLE orders ADD CONSTRAINT orders_total CHECK (total >= 0) NOT VALID",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
