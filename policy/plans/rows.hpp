#pragma once

#include "policy/rule.hpp"

namespace policy::plans {

// UPDATE or DELETE of all rows: where the rule is set to `rewrite`, the hazard with the plan that does it in parts, or why
// there is none. Nothing: the table is so small that it is to be done at once.
std::optional<hazard> with_parts(hazard h, const row_write& write, std::string_view rule, const context& c);

}  // namespace policy::plans
