#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::truncate) return std::nullopt;
    const auto target = target_in_use(*d, c);
    if (!target) return std::nullopt;
    return described("TRUNCATE removes every row of " + *target, c);
}

}  // namespace

extern const rule truncate;
constinit const rule truncate{
    .text =
        {
            .id = "truncate",
            .family = family::destructive,
            .summary = "A table that is in use is emptied by TRUNCATE",
            .fires_when = "the table exists and was not made in this transaction",
            .harm = "All rows are gone at the COMMIT, and with CASCADE those of every table that references it. "
                    "TRUNCATE takes ACCESS EXCLUSIVE, and a transaction with an older snapshot sees an empty table.",
            .remedy = "DELETE the rows that have to go, in batches. If all have to go, allow it by an override that "
                      "names the reason.",
            .before = "TRUNCATE orders",
            .after = "DELETE FROM orders WHERE id < 1000",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
