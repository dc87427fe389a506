#include "policy/plans/rename.hpp"
#include "policy/quote.hpp"
#include "policy/rule.hpp"
#include "policy/wording.hpp"

namespace policy::rules {
namespace {

bool is_table_or_view(const renaming& r, const relation_facts& facts) noexcept {
    const bool by_kind = r.kind == object_kind::table || r.kind == object_kind::view ||
                         r.kind == object_kind::materialized_view || r.kind == object_kind::foreign_table;
    // ALTER INDEX ... RENAME also renames tables and views, and ALTER TABLE ... RENAME indexes, sequences and types.
    if (r.kind == object_kind::index) return facts.kind == 'r' || facts.kind == 'p' || facts.kind == 'v' || facts.kind == 'm';
    return by_kind && facts.kind != 'i' && facts.kind != 'I' && facts.kind != 'S' && facts.kind != 'c';
}

std::optional<hazard> check(const context& c) {
    const auto* r = std::get_if<renaming>(&c.what.what);
    if (!r) return std::nullopt;
    const auto facts = c.known.relation(r->relation);
    if (!is_table_or_view(*r, facts) || !facts.exists || !facts.visible()) return std::nullopt;
    const auto old_name = readable(facts.name);
    hazard h;
    h.message = "renaming " + old_name + " to " + readable(r->new_name) + " breaks every session that still uses the old name";
    h.detail = "From the moment of the COMMIT on, each statement that names " + old_name + " fails with 42P01. ";
    if (const auto* effect = heaviest(c.does)) h.detail += effect_text(*effect);
    return plans::with_stand_in(std::move(h), *r, facts, c);
}

}  // namespace

extern const rule table_renamed;
constinit const rule table_renamed{
    .text =
        {
            .id = "table-renamed",
            .family = family::compatibility,
            .summary = "A table or view that is in use gets another name",
            .fires_when = "the table or view exists and was not made in this transaction; its size does not matter",
            .harm = "While a deploy rolls out, the old version of the application still uses the old name and fails on it.",
            .remedy = "Keep the name. If it has to change: rename it and create a view with the old name in one "
                      "transaction, deploy the application that uses the new name, then drop the view. With `rewrite` that is "
                      "done for you: the view has the owner and the privileges of the table, and is dropped by `lockkeeper "
                      "finish`. What a view cannot do the old name cannot either until the old version is gone: COPY ... FROM, TRUNCATE, "
                      "a foreign key to it, ctid; and a column cannot be dropped or changed while the view shows it.",
            .django = "In Django: keep the table and set Meta.db_table to its present name, instead of RenameModel or "
                      "AlterModelTable.",
            .before = "ALTER TABLE orders RENAME TO purchases",
            .after = "CREATE VIEW purchases AS SELECT * FROM orders",
            .action = config::action::reject,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
