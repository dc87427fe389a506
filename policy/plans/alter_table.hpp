#pragma once

#include "policy/plans/draft.hpp"

namespace policy::plans {

// The ALTER TABLE in steps of which none works under a lock that stops reads or writes.
proposal for_alter_table(const context& c);

// Both into a hazard: the plan, or the reason why there is none.
hazard with_plan(hazard h, const context& c);

}  // namespace policy::plans
