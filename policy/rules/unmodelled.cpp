#include "policy/rule.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* statement = std::get_if<policy::unmodelled>(&c.what.what);
    if (!statement) return std::nullopt;
    hazard h;
    h.message = "what " + (c.what.kind.empty() ? std::string("the statement") : c.what.kind) + " does cannot be seen from its text";
    h.detail = "Lockkeeper has no model of it (" + statement->what + "), so its locks are not known.";
    h.sqlstate = "LK004";
    return h;
}

}  // namespace

extern const rule unmodelled;
constinit const rule unmodelled{
    .text =
        {
            .id = "unmodelled",
            .family = family::opaque,
            .summary = "A statement whose locks Lockkeeper does not know",
            .fires_when = "the text parses, but what it does cannot be told from it: a DO block that puts its SQL "
                          "together as it runs, "
                          "or a statement of a newer PostgreSQL",
            .harm = "What the statement locks and for how long is not known, so it cannot be called safe.",
            .remedy = "Send the schema changes of the block as statements of their own, so that each can be judged.",
            .django = "In a migration: one RunSQL for each statement, instead of a DO block.",
            .before = "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN note text', 'orders'); END $$",
            .after = "ALTER TABLE orders ADD COLUMN note text",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
