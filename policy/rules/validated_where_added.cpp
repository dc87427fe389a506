#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto name = readable(table->name);
    const auto deeds = c.session.so_far.of(deed::kind::added_not_valid);
    const auto* step = altered_by(c, [&](const alter_step& s) {
        return s.action == alter_action::validate_constraint &&
               std::any_of(deeds.begin(), deeds.end(), [&](const deed& d) { return d.relation == name && d.name == s.name; });
    });
    if (!step) return std::nullopt;
    return described("validating " + readable(step->name) + " in the transaction that added it reads all of " + name +
                         " under the lock of ADD CONSTRAINT",
                     c);
}

}  // namespace

extern const rule validated_where_added;
constinit const rule validated_where_added{
    .text =
        {
            .id = "validated-where-added",
            .family = family::transaction,
            .summary = "A constraint is validated in the transaction that added it",
            .fires_when = "VALIDATE CONSTRAINT of a constraint that the same transaction has added NOT VALID, and the "
                          "table exists, is seen by other sessions and is not smaller than small_table",
            .harm = "The lock that ADD CONSTRAINT took (ACCESS EXCLUSIVE for a CHECK, SHARE ROW EXCLUSIVE for a "
                    "foreign key) is held until the transaction ends, so the rows are read under it: NOT VALID has "
                    "won nothing.",
            .remedy = "Commit after ADD CONSTRAINT ... NOT VALID, and VALIDATE CONSTRAINT in a transaction of its own.",
            .django = "In Django: put the ValidateConstraint into a migration of its own.",
            .before = "BEGIN; ALTER TABLE t ADD CONSTRAINT k CHECK (a) NOT VALID; ALTER TABLE t VALIDATE CONSTRAINT k",
            .after = "ALTER TABLE t VALIDATE CONSTRAINT k",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
