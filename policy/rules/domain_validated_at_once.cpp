#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::alter_domain_check) return std::nullopt;
    return described("the new constraint of the domain stops writes to " + d->reach + " until all of them are read", c);
}

}  // namespace

extern const rule domain_validated_at_once;
constinit const rule domain_validated_at_once{
    .text =
        {
            .id = "domain-validated-at-once",
            .family = family::blocking,
            .summary = "A domain gets a constraint and every table that uses it is read",
            .fires_when = "ALTER DOMAIN ... ADD CONSTRAINT without NOT VALID, or SET NOT NULL",
            .harm = "Every table with a column of the domain is locked in SHARE mode and read whole: writes to all of "
                    "them wait.",
            .remedy = "Add the constraint NOT VALID, then ALTER DOMAIN ... VALIDATE CONSTRAINT in a transaction of "
                      "its own.",
            .before = "ALTER DOMAIN email ADD CONSTRAINT email_at CHECK (VALUE LIKE '%@%')",
            .after = "ALTER DOMAIN email ADD CONSTRAINT email_at CHECK (VALUE LIKE '%@%') NOT VALID",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
