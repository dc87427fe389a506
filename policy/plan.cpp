#include "policy/plan.hpp"

#include <algorithm>

namespace policy {

std::string text_of(const step& s) {
    auto out = s.sql;
    for (const auto& next : s.and_then) out += "; " + next;
    return out;
}

bool fits_inside(const plan& p) noexcept {
    return !p.steps.empty() && std::all_of(p.steps.begin(), p.steps.end(), [](const step& s) { return s.place == step_place::inside; });
}

}  // namespace policy
