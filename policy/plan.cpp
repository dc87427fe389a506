#include "policy/plan.hpp"

#include <algorithm>

namespace policy {

std::string text_of(const step& s) { return joined(s.sql, s.and_then); }

std::string joined(std::string sql, const std::vector<std::string>& and_then) {
    for (const auto& next : and_then) sql += "; " + next;
    return sql;
}

bool fits_inside(const plan& p) noexcept {
    return !p.steps.empty() && std::all_of(p.steps.begin(), p.steps.end(), [](const step& s) { return s.place == step_place::inside; });
}

}  // namespace policy
