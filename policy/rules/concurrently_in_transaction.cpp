#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    if (c.does.transactional || (!c.session.in_transaction && c.alone)) return std::nullopt;
    if (std::holds_alternative<transaction_control>(c.what.what)) return std::nullopt;
    return described(c.what.kind + " as it stands cannot run inside a transaction", c);
}

}  // namespace

extern const rule concurrently_in_transaction;
constinit const rule concurrently_in_transaction{
    .text =
        {
            .id = "concurrently-in-transaction",
            .family = family::transaction,
            .summary = "A statement that cannot run in a transaction is sent in one",
            .fires_when = "CREATE, DROP or REINDEX INDEX CONCURRENTLY, VACUUM, CREATE DATABASE and their like stand "
                          "in a transaction block, or together with other statements in one message",
            .harm = "PostgreSQL refuses it with 25001, and the rest of the transaction fails with it.",
            .remedy = "Send it outside of a transaction, as a message of its own.",
            .django = "In Django: set `atomic = False` on the migration.",
            .before = "BEGIN; CREATE INDEX CONCURRENTLY orders_status ON orders (status)",
            .after = "CREATE INDEX CONCURRENTLY orders_status ON orders (status)",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
