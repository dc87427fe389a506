#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [](const alter_step& s) {
        return s.action == alter_action::set_logged || s.action == alter_action::set_unlogged;
    });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return described(
        "changing whether " + readable(table->name) + " is logged stops every read and write until it is written anew",
        c);
}

}  // namespace

extern const rule logging_changed;
constinit const rule logging_changed{
    .text =
        {
            .id = "logging-changed",
            .family = family::blocking,
            .summary = "A table becomes LOGGED or UNLOGGED",
            .fires_when = "ALTER TABLE ... SET LOGGED or SET UNLOGGED, the table exists, is seen by other sessions "
                          "and is not smaller than small_table",
            .harm = "The table and all of its indexes are written anew under ACCESS EXCLUSIVE: every query on it "
                    "waits. An UNLOGGED table is empty after a crash and on every replica.",
            .remedy = "Create a new table with the wanted persistence and copy the rows in batches, or do it in a "
                      "quiet hour with an override that names the reason.",
            .before = "ALTER TABLE orders SET UNLOGGED",
            .after = "CREATE UNLOGGED TABLE orders_cache (id bigint PRIMARY KEY)",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
