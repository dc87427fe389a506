#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    const auto deeds = c.session.so_far.of(deed::kind::added_default);
    const auto* step = altered_by(c, [&](const alter_step& s) {
        return s.action == alter_action::set_default && !s.expression &&
               std::any_of(deeds.begin(), deeds.end(), [&](const deed& d) { return d.name == s.name && d.relation == readable(table->name); });
    });
    if (!step) return std::nullopt;
    auto h = described("the default of the new column " + readable(step->name) +
                           " is dropped while the old version of the application may still insert",
                       c);
    if (std::get<alter_table>(c.what.what).steps.size() == 1) h.instead = not_run(c);
    return h;
}

}  // namespace

extern const rule default_dropped_after_add;
constinit const rule default_dropped_after_add{
    .text =
        {
            .id = "default-dropped-after-add",
            .family = family::advice,
            .summary = "A column's default is dropped in the transaction that added the column with it",
            .fires_when = "ALTER COLUMN ... DROP DEFAULT of a column that the same transaction has added with a "
                          "DEFAULT",
            .harm = "While a deploy rolls out, the old version of the application does not name the column in its "
                    "INSERTs: without the default they store null, or fail where it is NOT NULL.",
            .remedy = "Keep the default until no old version runs any more. With the action rewrite the statement is answered and "
                      "not run, so that the default stays.",
            .django = "In Django: give the field a db_default (Django 5), which stays in the database.",
            .before = "BEGIN; ALTER TABLE t ADD c int DEFAULT 1 NOT NULL; ALTER TABLE t ALTER c DROP DEFAULT",
            .after = "ALTER TABLE t ADD c int DEFAULT 1 NOT NULL",
            .action = config::action::allow,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
