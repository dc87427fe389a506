#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table || !table->known) return std::nullopt;
    const auto* step = added_constraint(
        c, [](const constraint_words& k) { return k.kind == constraint_kind::primary_key && k.using_index; });
    if (!step || !works_on_rows(c)) return std::nullopt;
    return described("the primary key's columns may have nulls, so every read and write on " + readable(table->name) +
                         " stops until all rows are checked",
                     c);
}

}  // namespace

extern const rule primary_key_on_nullable_column;
constinit const rule primary_key_on_nullable_column{
    .text =
        {
            .id = "primary-key-on-nullable-column",
            .family = family::blocking,
            .summary = "PRIMARY KEY USING INDEX on columns that may have nulls",
            .fires_when = "a primary key is made of an index of which a column is not NOT NULL, and no valid CHECK "
                          "proves that it has none, and the table is in use and not smaller than small_table",
            .harm = "The index is there, but a primary key's columns are NOT NULL: PostgreSQL reads the whole "
                    "table under ACCESS EXCLUSIVE to see that they are, and every query on it waits.",
            .remedy = "Before, add CHECK (column IS NOT NULL) NOT VALID and VALIDATE CONSTRAINT it in a "
                      "transaction of its own: PostgreSQL takes it as proof. Drop it afterwards.",
            .given = "CREATE TABLE visits (id bigint); CREATE UNIQUE INDEX visits_id ON visits (id)",
            .before = "ALTER TABLE visits ADD CONSTRAINT visits_pkey PRIMARY KEY USING INDEX visits_id",
            .after = "ALTER TABLE visits ADD CONSTRAINT id_set CHECK (id IS NOT NULL) NOT VALID",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
