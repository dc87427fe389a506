#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::vector<std::string> key_of(const relation_facts& table) {
    for (const auto& i : table.indexes)
        if (i.primary) return i.columns;
    return {};
}

// The first column of the key whose other side is of another type; null where none is, or the types are not known.
const column_facts* mismatch(const constraint_words& k, const relation_facts& table, const relation_facts& other) {
    const auto theirs = k.referenced_columns.empty() ? key_of(other) : k.referenced_columns;
    for (std::size_t i = 0; i < k.columns.size() && i < theirs.size(); ++i) {
        const auto *from = table.column(k.columns[i]), *to = other.column(theirs[i]);
        if (from && to && from->type != to->type) return from;
    }
    return nullptr;
}

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    const auto* step = added_constraint(c, [&](const constraint_words& k) {
        return k.kind == constraint_kind::foreign_key && k.referenced && mismatch(k, *table, c.known.relation(*k.referenced));
    });
    if (!step) return std::nullopt;
    const auto* column = mismatch(*step->constraint, *table, c.known.relation(*step->constraint->referenced));
    return described("column " + readable(column->name) + " of " + readable(table->name) + " is " + column->type_text +
                         ", and what it refers to is not",
                     c);
}

}  // namespace

extern const rule foreign_key_of_another_type;
constinit const rule foreign_key_of_another_type{
    .text =
        {
            .id = "foreign-key-of-another-type",
            .family = family::advice,
            .summary = "A foreign key between columns of different types",
            .fires_when = "a FOREIGN KEY is added between columns that are there already and have different types",
            .harm = "An integer that refers to a bigint cannot hold every key: one day inserts fail. Between other "
                    "types each look-up casts, and may not use the index.",
            .remedy = "Give the referencing column the type of the key first.",
            .given = "CREATE TABLE visits (id bigint PRIMARY KEY, customer_id integer)",
            .before = "ALTER TABLE visits ADD CONSTRAINT by FOREIGN KEY (customer_id) REFERENCES customers NOT VALID",
            .after = "ALTER TABLE visits ADD COLUMN customer_key bigint",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
