#pragma once

#include <optional>
#include <string>
#include <utility>

#include "policy/plan.hpp"
#include "policy/rule.hpp"

namespace policy::plans {

// What can run in place of a statement, or why nothing can. Neither where the catalog was not asked.
struct proposal {
    std::optional<plan> instead;
    std::string cannot;
};

// The hazard with what is proposed.
inline hazard with(hazard h, proposal p) {
    h.instead = std::move(p.instead);
    h.cannot = std::move(p.cannot);
    return h;
}

}  // namespace policy::plans
