#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::lock || d->mode < lock_mode::share) return std::nullopt;
    const auto target = target_in_use(*d, c);
    if (!target) return std::nullopt;
    return described(
        "LOCK TABLE holds " + *target + " in " + std::string(name(d->mode)) + " mode until the transaction ends", c);
}

}  // namespace

extern const rule table_locked_by_hand;
constinit const rule table_locked_by_hand{
    .text =
        {
            .id = "table-locked-by-hand",
            .family = family::advice,
            .summary = "LOCK TABLE in a mode that stops reads or writes",
            .fires_when = "LOCK TABLE in SHARE mode or a stronger one; without IN ... MODE it is ACCESS EXCLUSIVE",
            .harm = "The lock is held until the transaction ends: what it stops waits as long.",
            .remedy = "Leave it out where the statement that follows takes its own lock; lock single rows with SELECT "
                      "... FOR UPDATE, or use an advisory lock.",
            .before = "LOCK TABLE orders",
            .after = "SELECT pg_advisory_xact_lock(1)",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
