#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    const auto* step = altered_by(c, [](const alter_step& s) { return s.action == alter_action::validate_constraint; });
    const auto* held = c.session.so_far.strong_lock(lock_mode::share);
    if (!table || !step || !held) return std::nullopt;
    // Of a constraint that the transaction itself has added another rule speaks.
    for (const auto& d : c.session.so_far.of(deed::kind::added_not_valid))
        if (d.relation == readable(table->name) && d.name == step->name) return std::nullopt;
    return described("validating " + readable(step->name) + " reads all of " + readable(table->name) +
                         " while the transaction holds " + std::string(name(held->lock)) + " on " + held->relation,
                     c);
}

}  // namespace

extern const rule validated_under_held_lock;
constinit const rule validated_under_held_lock{
    .text =
        {
            .id = "validated-under-held-lock",
            .family = family::transaction,
            .summary = "A constraint is validated while the transaction holds a lock that stops others",
            .fires_when = "VALIDATE CONSTRAINT in a transaction that has already taken a lock of SHARE mode or "
                          "stronger on a relation that other sessions see, and the table is not smaller than "
                          "small_table",
            .harm = "VALIDATE CONSTRAINT reads the whole table. It lets others work, but the lock that the "
                    "transaction took before is held all that time.",
            .remedy = "Commit first, and VALIDATE CONSTRAINT in a transaction of its own.",
            .django = "In Django: put the ValidateConstraint into a migration of its own.",
            .before = "BEGIN; ALTER TABLE other ADD COLUMN a int; ALTER TABLE t VALIDATE CONSTRAINT k",
            .after = "ALTER TABLE t VALIDATE CONSTRAINT k",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
