#include <algorithm>
#include <array>

#include "policy/effect_list.hpp"

namespace policy {
namespace {

using enum lock_mode;

// Functions of PostgreSQL and its extensions that lock the relation that they are given more than a reader would.
struct locking_function {
    const char* name;
    lock_mode of_index, of_table;
    bool first_argument = true;  // names the relation
};

constexpr std::array locking_functions{
    locking_function{"brin_summarize_new_values", share_update_exclusive, share_update_exclusive},
    locking_function{"brin_summarize_range", share_update_exclusive, share_update_exclusive},
    locking_function{"brin_desummarize_range", share_update_exclusive, share_update_exclusive},
    locking_function{"bt_index_check", access_share, access_share},
    locking_function{"bt_index_parent_check", share, share},
    locking_function{"nextval", row_exclusive, row_exclusive},
    locking_function{"setval", row_exclusive, row_exclusive},
    locking_function{"pg_restore_relation_stats", none, share_update_exclusive, false},
    locking_function{"pg_restore_attribute_stats", none, share_update_exclusive, false},
    locking_function{"pg_clear_relation_stats", none, share_update_exclusive, false},
    locking_function{"pg_clear_attribute_stats", none, share_update_exclusive, false},
};

void list(const function_call& call, effect_list& out) {
    const auto known = std::find_if(locking_functions.begin(), locking_functions.end(),
                                    [&](const auto& f) { return call.function.name == f.name; });
    if (known == locking_functions.end()) return;
    if (!known->first_argument) return out.add_reach("what " + call.function.name + " is told to work on", {known->of_table});
    if (!call.argument) return;
    const auto name = name_in(*call.argument);
    const auto relation = out.relation(name);
    const bool index = relation.kind == 'i' || relation.kind == 'I';
    out.add(relation, {index ? known->of_index : known->of_table});
    if (index) out.add(relation.table, {known->of_table});
}

cost cost_of(use as) noexcept {
    if (as == use::written) return {row_exclusive};
    return {as == use::row_locked ? row_share : access_share};
}

}  // namespace

// Which rows, partitions, foreign keys and functions a query comes to is known when it runs; none of them is locked
// more than by a writer.
void list(const query& q, effect_list& out) {
    for (const auto& r : q.relations) out.add(r.name, cost_of(r.as));
    for (const auto& c : q.calls) list(c, out);
    if (!q.relations.empty() || !q.calls.empty())
        out.add_reach("what the query comes to read and write", {row_exclusive, work::scan});
}

}  // namespace policy
