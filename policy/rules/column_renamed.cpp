#include "policy/quote.hpp"
#include "policy/rule.hpp"
#include "policy/wording.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* r = std::get_if<renaming>(&c.what.what);
    if (!r || r->kind != object_kind::column) return std::nullopt;
    const auto facts = c.known.relation(r->relation);
    if (!facts.exists || !facts.visible()) return std::nullopt;
    const auto table = readable(facts.name);
    hazard h;
    h.message = "renaming column " + readable(r->old_name) + " of " + table + " to " + readable(r->new_name) +
                " breaks every session that still uses the old name";
    h.detail = "From the moment of the COMMIT on, each statement that names " + readable(r->old_name) + " in " + table +
               " fails with 42703. ";
    if (const auto* effect = heaviest(c.does)) h.detail += effect_text(*effect);
    return h;
}

}  // namespace

extern const rule column_renamed;
constinit const rule column_renamed{
    .text =
        {
            .id = "column-renamed",
            .family = family::compatibility,
            .summary = "A column of a table that is in use gets another name",
            .fires_when = "the table or view exists and was not made in this transaction; its size does not matter",
            .harm = "While a deploy rolls out, the old version of the application still reads and writes the old name and "
                    "fails on it. An ORM that lists all columns fails on every query of the table.",
            .remedy = "Keep the name. If it has to change: add a column with the new name, write both, copy the values, "
                      "read the new one, and drop the old one in a later deploy. It is not done for you with a view, as for "
                      "a table: the view with both names would have to take the table's own name, and until it is gone no "
                      "ALTER TABLE, CREATE INDEX, foreign key, COPY or TRUNCATE of either version would reach the table.",
            .django = "In Django: rename the field and set db_column to the present name; the migration then only changes "
                      "Django's state and sends no SQL.",
            .before = "ALTER TABLE orders RENAME COLUMN status TO state",
            .after = "ALTER TABLE orders ADD COLUMN state text",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
