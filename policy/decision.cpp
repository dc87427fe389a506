#include "policy/decision.hpp"

namespace policy {

const finding* leading_finding(const decision& d) noexcept {
    if (d.action == config::action::allow) return nullptr;
    for (const auto& s : d.statements)
        for (const auto& f : s.findings)
            if (f.action == d.action) return &f;
    return nullptr;
}

}  // namespace policy
