#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [](const alter_step& s) { return s.action == alter_action::set_access_method; });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return described("changing the access method of " + readable(table->name) +
                         " stops every read and write until it is written anew",
                     c);
}

}  // namespace

extern const rule access_method_changed;
constinit const rule access_method_changed{
    .text =
        {
            .id = "access-method-changed",
            .family = family::blocking,
            .summary = "A table gets another access method",
            .fires_when = "ALTER TABLE ... SET ACCESS METHOD, the table exists, is seen by other sessions and is not "
                          "smaller than small_table",
            .harm = "The table and all of its indexes are written anew under ACCESS EXCLUSIVE: every query on it "
                    "waits.",
            .remedy = "Create a new table with the wanted access method and copy the rows in batches.",
            .before = "ALTER TABLE orders SET ACCESS METHOD columnar",
            .after = "CREATE TABLE orders_old (id bigint PRIMARY KEY) USING columnar",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
