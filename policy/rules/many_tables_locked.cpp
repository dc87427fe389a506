#include <set>

#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

constexpr std::size_t enough = 3;

std::optional<hazard> check(const context& c) {
    std::set<std::string_view> locked;
    for (const auto& r : c.does.relations)
        if (r.visible && !r.index && r.lock == lock_mode::access_exclusive) locked.insert(r.relation);
    if (locked.empty()) return std::nullopt;
    std::set<std::string_view> before;
    for (const auto& d : c.session.so_far.of(deed::kind::locked)) {
        if (d.lock != lock_mode::access_exclusive) continue;
        before.insert(d.relation);
        if (before.size() == enough) return std::nullopt;  // it was said when there were that many
    }
    locked.merge(before);
    if (locked.size() < enough) return std::nullopt;
    return described(
        "the transaction now holds ACCESS EXCLUSIVE on " + std::to_string(locked.size()) + " relations that are in use",
        c);
}

}  // namespace

extern const rule many_tables_locked;
constinit const rule many_tables_locked{
    .text =
        {
            .id = "many-tables-locked",
            .family = family::transaction,
            .summary = "One transaction locks several tables that are in use",
            .fires_when = "a transaction takes ACCESS EXCLUSIVE on a third relation that other sessions see",
            .harm = "Each lock is held until the transaction ends. The more tables are locked, the more queries wait, "
                    "and the likelier is a deadlock with an application that locks them in another order.",
            .remedy = "Change one table in a transaction.",
            .django = "In Django: split the migration.",
            .before = "BEGIN; ALTER TABLE a ADD x int; ALTER TABLE b ADD x int; ALTER TABLE c ADD x int",
            .after = "BEGIN; ALTER TABLE a ADD x int; ALTER TABLE b ADD x int",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
