#include "policy/plan.hpp"

namespace policy {

std::string text_of(const step& s) {
    auto out = s.sql;
    for (const auto& next : s.and_then) out += "; " + next;
    return out;
}

}  // namespace policy
