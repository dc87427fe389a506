#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->kind != object_kind::enum_value || (!c.session.in_transaction && c.alone)) return std::nullopt;
    return described("the new value of the enum type cannot be used before the COMMIT", c);
}

}  // namespace

extern const rule enum_value_added_in_transaction;
constinit const rule enum_value_added_in_transaction{
    .text =
        {
            .id = "enum-value-added-in-transaction",
            .family = family::transaction,
            .summary = "A value is added to an enum type inside a transaction",
            .fires_when = "ALTER TYPE ... ADD VALUE stands in a transaction block, or together with other "
                          "statements in one message",
            .harm = "Whatever uses the value later in the same transaction, a default or an UPDATE, fails with "
                    "55P04 (unsafe use of new value).",
            .remedy = "Send it outside of a transaction, or use the value in the next one.",
            .django = "In Django: put it into a migration of its own.",
            .before = "BEGIN; ALTER TYPE order_state ADD VALUE 'lost'",
            .after = "ALTER TYPE order_state ADD VALUE 'lost'",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
