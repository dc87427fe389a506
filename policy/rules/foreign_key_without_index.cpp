#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool leads_with(const index_facts& i, const std::vector<std::string>& columns) {
    return i.valid && !i.partial && i.columns.size() >= columns.size() &&
           std::is_permutation(columns.begin(), columns.end(), i.columns.begin());
}

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table || !table->known) return std::nullopt;
    const auto* step = added_constraint(c, [&](const constraint_words& k) {
        // A column that this statement adds can have no index yet.
        const bool there = std::all_of(k.columns.begin(), k.columns.end(), [&](const auto& name) { return table->column(name); });
        return k.kind == constraint_kind::foreign_key && there && !k.columns.empty() &&
               std::none_of(table->indexes.begin(), table->indexes.end(), [&](const auto& i) { return leads_with(i, k.columns); });
    });
    if (!step) return std::nullopt;
    return described("no index of " + readable(table->name) + " leads with the columns of its new foreign key", c);
}

}  // namespace

extern const rule foreign_key_without_index;
constinit const rule foreign_key_without_index{
    .text =
        {
            .id = "foreign-key-without-index",
            .family = family::advice,
            .summary = "A foreign key without an index on its columns",
            .fires_when = "a FOREIGN KEY is added to columns that are there already, and no valid index without a "
                          "WHERE begins with them",
            .harm = "Each DELETE of a referenced row, and each UPDATE of its key, reads the whole referencing "
                    "table to see that no row points to it.",
            .remedy = "Build the index first, with CREATE INDEX CONCURRENTLY.",
            .given = "CREATE TABLE visits (id bigint PRIMARY KEY, customer_id bigint)",
            .before = "ALTER TABLE visits ADD CONSTRAINT by FOREIGN KEY (customer_id) REFERENCES customers NOT VALID",
            .after = "CREATE INDEX CONCURRENTLY visits_customer ON visits (customer_id)",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
