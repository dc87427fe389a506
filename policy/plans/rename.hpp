#pragma once

#include "policy/rule.hpp"

namespace policy::plans {

// ALTER TABLE ... RENAME TO: where the rule is set to `rewrite`, the hazard with a plan that leaves an updatable view under
// the old name, or why there is none.
hazard with_stand_in(hazard h, const renaming& r, const relation_facts& table, const context& c);

// What the comment on such a view begins with; the new name of the table follows it.
extern const std::string_view stands_in_for;

}  // namespace policy::plans
