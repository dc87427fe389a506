#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* r = std::get_if<renaming>(&c.what.what);
    if (!r || r->kind != object_kind::schema) return std::nullopt;
    return described("renaming schema " + readable(r->old_name) + " breaks every session that still uses the old name",
                     c);
}

}  // namespace

extern const rule schema_renamed;
constinit const rule schema_renamed{
    .text =
        {
            .id = "schema-renamed",
            .family = family::compatibility,
            .summary = "A schema gets another name",
            .fires_when = "ALTER SCHEMA ... RENAME TO",
            .harm = "Everything in the schema changes its name at once: the old version of the application, "
                    "search_path settings and stored functions that name the schema fail.",
            .remedy = "Create the new schema beside the old one, and views in it that show the tables of the old one.",
            .before = "ALTER SCHEMA shop RENAME TO store",
            .after = "CREATE SCHEMA store",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
