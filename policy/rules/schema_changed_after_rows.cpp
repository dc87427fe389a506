#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* changed = c.session.so_far.last(deed::kind::changed_rows);
    const auto& touched = c.does.relations;
    const bool locks = std::any_of(touched.begin(), touched.end(),
                                   [](const relation_effect& r) { return r.visible && r.lock >= lock_mode::share; });
    if (!changed || !locks) return std::nullopt;
    const auto of = changed->relation.empty() ? "" : " of " + changed->relation;
    return described("the schema is changed in a transaction that has changed rows" + of, c);
}

}  // namespace

extern const rule schema_changed_after_rows;
constinit const rule schema_changed_after_rows{
    .text =
        {
            .id = "schema-changed-after-rows",
            .family = family::transaction,
            .summary = "The schema is changed in a transaction that has changed rows",
            .fires_when = "a statement that takes a lock of SHARE mode or stronger on a relation that other sessions "
                          "see follows, in one transaction, an UPDATE or DELETE",
            .harm = "While the statement waits for its lock, the changed rows stay locked; if it fails the change of "
                    "the rows is lost. With deferred constraints PostgreSQL refuses it (pending trigger events).",
            .remedy = "Change rows and schema in transactions of their own.",
            .django = "In Django: put the RunPython or RunSQL that changes rows into a migration of its own. One with an "
                      "AlterField to null=False that has a default changes rows, too: set `atomic = False` on it.",
            .before = "BEGIN; UPDATE orders SET state = 'new' WHERE id < 9; ALTER TABLE orders ADD note text",
            .after = "ALTER TABLE orders ADD COLUMN note text",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
