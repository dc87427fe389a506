#include "policy/hazards.hpp"
#include "policy/plans/alter_table.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

// Reads rows under a lock that lets others read, at least.
bool scans_gently(const alter_step& s) noexcept {
    return s.action == alter_action::validate_constraint ||
           (s.action == alter_action::add_constraint && s.constraint && s.constraint->kind == constraint_kind::foreign_key &&
            !s.constraint->not_valid);
}

std::optional<hazard> check(const context& c) {
    const auto table = large_altered_table(c);
    if (!table || !works_on_rows(c)) return std::nullopt;
    const auto* step = altered_by(c, scans_gently);
    const auto& all = std::get<alter_table>(c.what.what).steps;
    if (!step || all.size() == 1 || c.does.relations.front().lock != lock_mode::access_exclusive) return std::nullopt;
    return plans::with_plan(described("one ALTER TABLE reads all of " + readable(table->name) +
                                          " under the ACCESS EXCLUSIVE lock that another of its actions needs",
                                      c),
                            c);
}

}  // namespace

extern const rule scan_under_a_stronger_lock;
constinit const rule scan_under_a_stronger_lock{
    .text =
        {
            .id = "scan-under-a-stronger-lock",
            .family = family::blocking,
            .summary = "One ALTER TABLE mixes an action that reads the table with one that locks it",
            .fires_when = "an action that alone would let others work reads the table (VALIDATE CONSTRAINT, ADD "
                          "FOREIGN KEY), another action of the same ALTER TABLE takes a stronger lock, and the table "
                          "exists, is seen by other sessions and is not smaller than small_table",
            .harm = "The strongest lock of all the actions is held from the first to the last: the table is read "
                    "under it, and every query on it waits.",
            .remedy = "Outside a transaction it is taken apart for you: what reads the table runs as a statement of its own. "
                      "In one, send the actions as ALTER TABLE statements of their own, each in its own transaction.",
            .django = "In Django: set `atomic = False` on the migration.",
            .before = "ALTER TABLE orders VALIDATE CONSTRAINT orders_total, ADD COLUMN note text",
            .after = "ALTER TABLE orders VALIDATE CONSTRAINT orders_total",
            .action = config::action::rewrite,
        },
    .rewrites = true,
    .check = &check,
};

}  // namespace policy::rules
