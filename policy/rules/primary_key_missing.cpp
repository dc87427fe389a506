#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool is_primary(const constraint_words& k) noexcept { return k.kind == constraint_kind::primary_key; }

bool has_primary_key(const ddl& d) {
    return std::any_of(d.constraints.begin(), d.constraints.end(), is_primary) ||
           std::any_of(d.columns.begin(), d.columns.end(), [](const column_words& column) {
               return std::any_of(column.constraints.begin(), column.constraints.end(), is_primary);
           });
}

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->verb != verb::create_table || d->kind != object_kind::table || d->temporary || d->columns.empty())
        return std::nullopt;
    // A partition, a child or a copy has its key from elsewhere.
    const bool stands_alone = std::all_of(d->relations.begin(), d->relations.end(), [](const relation_use& r) {
        return r.as == use::created || r.as == use::referenced;
    });
    if (!stands_alone || has_primary_key(*d)) return std::nullopt;
    return described("table " + readable(d->relations.front().name) + " has no primary key", c);
}

}  // namespace

extern const rule primary_key_missing;
constinit const rule primary_key_missing{
    .text =
        {
            .id = "primary-key-missing",
            .family = family::advice,
            .summary = "A table is created without a primary key",
            .fires_when = "CREATE TABLE with columns and without PRIMARY KEY; not a partition, a child, a copy or a "
                          "temporary table",
            .harm = "Rows that are equal cannot be told apart. Logical replication refuses UPDATE and DELETE on the "
                    "table, and tools that work in batches have no key to go by.",
            .remedy = "Give the table a primary key while it is empty.",
            .before = "CREATE TABLE notes (body text)",
            .after = "CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text)",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
