#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* q = std::get_if<query>(&c.what.what);
    const auto* held = c.session.so_far.strong_lock(lock_mode::access_exclusive);
    if (!q || !held) return std::nullopt;
    // Once is enough: a loop over rows is not to drown in warnings.
    if (c.session.so_far.done_since(*held, deed::kind::changed_rows)) return std::nullopt;
    for (const auto& write : q->writes) {
        const auto table = c.known.relation(write.table);
        if (in_use(table))
            return described("rows of " + readable(table.name) +
                                 " are changed while the transaction holds ACCESS EXCLUSIVE on " + held->relation,
                             c);
    }
    return std::nullopt;
}

}  // namespace

extern const rule rows_changed_under_lock;
constinit const rule rows_changed_under_lock{
    .text =
        {
            .id = "rows-changed-under-lock",
            .family = family::transaction,
            .summary = "Rows are changed in a transaction that has locked a table",
            .fires_when = "the first UPDATE or DELETE follows, in one transaction, a statement that took ACCESS "
                          "EXCLUSIVE on a relation that other sessions see",
            .harm = "Everything that waits for the locked table waits until the rows are changed, too.",
            .remedy = "Commit the change of the schema first, and change the rows in transactions of their own, in "
                      "batches.",
            .django = "In Django: put the RunPython or RunSQL that changes rows into a migration of its own.",
            .before = "BEGIN; ALTER TABLE orders ADD COLUMN state text; UPDATE orders SET state = 'new' WHERE id < 10",
            .after = "BEGIN; UPDATE orders SET state = 'new' WHERE id < 10",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
