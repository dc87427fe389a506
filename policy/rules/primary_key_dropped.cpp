#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

// The name that PostgreSQL gives where nobody else did.
bool looks_like_one(std::string_view name) noexcept { return name.ends_with("_pkey"); }

bool is_primary_key(const std::string& name, const relation_facts& table) {
    if (table.constraints.empty()) return looks_like_one(name);
    return std::any_of(table.constraints.begin(), table.constraints.end(), [&](const constraint_facts& k) {
        return k.name == name && k.kind == constraint_kind::primary_key;
    });
}

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    const auto* step = altered_by(
        c, [&](const alter_step& s) { return s.action == alter_action::drop_constraint && is_primary_key(s.name, *table); });
    if (!step) return std::nullopt;
    return described("dropping the primary key of " + readable(table->name) +
                         (table->published ? ", which is published: subscribers are sent no UPDATE and DELETE without it" : ""),
                     c);
}

}  // namespace

extern const rule primary_key_dropped;
constinit const rule primary_key_dropped{
    .text =
        {
            .id = "primary-key-dropped",
            .family = family::compatibility,
            .summary = "The primary key of a table that is in use is dropped",
            .fires_when = "DROP CONSTRAINT names a primary key (without a catalog: a name that ends in _pkey), and "
                          "the table was not made in this transaction",
            .harm = "The index goes with it, and look-ups by key read the whole table. Duplicates can come in from "
                    "that moment on; INSERT ... ON CONFLICT fails; on a published table UPDATE and DELETE fail, "
                    "because rows have no replica identity.",
            .remedy = "Build the new unique index CONCURRENTLY first, then drop the old key and add the new one "
                      "USING INDEX in one ALTER TABLE.",
            .before = "ALTER TABLE orders DROP CONSTRAINT orders_pkey",
            .after = "CREATE UNIQUE INDEX CONCURRENTLY orders_new_key ON orders (number)",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
