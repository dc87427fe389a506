#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "policy/plans/draft.hpp"

// Steps that change the rows of a table in parts, along a key. What is known of a row that was changed is that its key was
// at most where the part ended; a key that changes meanwhile may be passed over.
namespace policy::plans {

struct walk {
    relation_name table;
    std::vector<column_facts> key;
    bool only = false;  // ONLY: its partitions and children are left out
};

// Along a unique index that has all rows and none of `changed`. Nothing: `why` says why not.
std::optional<walk> walk_along(const relation_facts& table, bool only, const std::vector<std::string>& changed, std::string& why);

// `change`: UPDATE or DELETE without a WHERE. `condition`: which rows of a part it is for; empty: all of them.
step in_parts(const walk& w, const std::string& change, const std::string& condition, std::string why);

// True of the table or of one of its partitions; of what is not known, too.
template <class Question>
bool any_of_tree(const relation_facts& table, const catalog_facts& catalog, Question is) {
    if (!table.known || is(table)) return true;
    return std::any_of(table.children.begin(), table.children.end(), [&](std::uint32_t oid) {
        const auto* child = catalog.relation(oid);
        return !child || any_of_tree(*child, catalog, is);
    });
}

}  // namespace policy::plans
