#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool has_others(const index_facts& i, const std::string& column) {
    const auto names = [&](const std::vector<std::string>& all) { return std::find(all.begin(), all.end(), column) != all.end(); };
    return (names(i.columns) || names(i.uses)) && i.columns.size() + i.uses.size() > 1;
}

const index_facts* lost_with(const alter_step& s, const relation_facts& table) {
    if (s.action != alter_action::drop_column) return nullptr;
    const auto found = std::find_if(table.indexes.begin(), table.indexes.end(), [&](const auto& i) { return has_others(i, s.name); });
    return found == table.indexes.end() ? nullptr : &*found;
}

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(c, [&](const alter_step& s) { return lost_with(s, *table) != nullptr; });
    if (!step) return std::nullopt;
    const auto* index = lost_with(*step, *table);
    return described("dropping column " + readable(step->name) + " also drops " +
                         (index->constraint.empty() ? "index " + readable(index->name) : "constraint " + readable(index->constraint)) +
                         ", which other columns of " + readable(table->name) + " need",
                     c);
}

}  // namespace

extern const rule column_in_composite_index_dropped;
constinit const rule column_in_composite_index_dropped{
    .text =
        {
            .id = "column-in-composite-index-dropped",
            .family = family::compatibility,
            .summary = "A dropped column takes an index or constraint on other columns with it",
            .fires_when = "DROP COLUMN of a column that an index or constraint over several columns contains (also "
                          "in an expression, in INCLUDE or in WHERE), and the table was not made in this "
                          "transaction",
            .harm = "PostgreSQL drops the index or constraint silently, without CASCADE: queries that used it read "
                    "the whole table from then on, and what it kept unique is so no longer.",
            .remedy = "Build an index on the remaining columns CONCURRENTLY first, drop the old one CONCURRENTLY "
                      "by name, then the column.",
            .django = "In Django: change Meta.indexes and Meta.constraints in a migration before the one that "
                      "removes the field.",
            .given = "CREATE TABLE seats (id bigint PRIMARY KEY, hall integer, number integer, UNIQUE (hall, "
                     "number))",
            .before = "ALTER TABLE seats DROP COLUMN number",
            .after = "ALTER TABLE seats ADD COLUMN label text",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
