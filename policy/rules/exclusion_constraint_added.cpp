#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table) return std::nullopt;
    const auto* step = added_constraint(
        c, [](const constraint_words& k) { return k.kind == constraint_kind::exclusion && !k.using_index; });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return described("adding an EXCLUDE constraint to " + readable(table->name) +
                         " stops every read and write until its index is built",
                     c);
}

}  // namespace

extern const rule exclusion_constraint_added;
constinit const rule exclusion_constraint_added{
    .text =
        {
            .id = "exclusion-constraint-added",
            .family = family::blocking,
            .summary = "An EXCLUDE constraint is added to a table that is in use",
            .fires_when = "EXCLUDE is added, the table exists, is seen by other sessions and is not smaller than "
                          "small_table",
            .harm = "ADD EXCLUDE holds ACCESS EXCLUSIVE while it builds the index and checks every row: every query "
                    "on the table waits. PostgreSQL has no way to do it online.",
            .remedy = "Add it when the table is created. On a table that has grown: do it in a quiet hour with an "
                      "override that names the reason, or enforce the rule with a trigger on new rows.",
            .before = "ALTER TABLE stays ADD CONSTRAINT once EXCLUDE USING gist (room WITH =, at WITH &&)",
            .after = "CREATE TABLE stays (room int, at tsrange, EXCLUDE USING gist (room WITH =, at WITH &&))",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
