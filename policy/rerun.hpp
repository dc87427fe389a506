#pragma once

#include <optional>
#include <string>

#include "policy/facts.hpp"
#include "policy/plan.hpp"

// A plan that was begun before, by a run whose end nobody knows. Most steps say themselves whether their result is there;
// whether an index of the right name is the one that is wanted, only its definition tells.
namespace policy {

// What there is under the name of the index that the plan makes; nullopt where it makes none.
std::optional<catalog_query> rerun_question(const plan& p);

// `there`: the rows of that question. Where the very same index is there the plan does not build it any more; one that is
// INVALID it drops first. Returned: why the plan must not run; empty: it may.
std::string prepare_rerun(plan& p, const catalog_rows& there);

}  // namespace policy
