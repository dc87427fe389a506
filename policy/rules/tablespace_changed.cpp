#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [](const alter_step& s) { return s.action == alter_action::set_tablespace; });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return described(
        "moving " + readable(table->name) + " to another tablespace stops every read and write until it is copied", c);
}

}  // namespace

extern const rule tablespace_changed;
constinit const rule tablespace_changed{
    .text =
        {
            .id = "tablespace-changed",
            .family = family::blocking,
            .summary = "A table or index is moved to another tablespace",
            .fires_when = "ALTER TABLE or ALTER INDEX ... SET TABLESPACE, the table exists, is seen by other sessions "
                          "and is not smaller than small_table",
            .harm = "The whole relation is copied under ACCESS EXCLUSIVE: every query on it waits.",
            .remedy = "Move indexes with REINDEX (CONCURRENTLY, TABLESPACE ...). Move a table with pg_repack, or in a "
                      "quiet hour with an override that names the reason.",
            .before = "ALTER TABLE orders SET TABLESPACE fast",
            .after = "REINDEX (CONCURRENTLY, TABLESPACE fast) INDEX orders_status",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
