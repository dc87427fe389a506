#include "policy/passing_refusal.hpp"

#include "policy/rules.hpp"

namespace policy {

bool refusal_may_pass(const decision& d) noexcept {
    const auto* leading = leading_finding(d);
    const auto* rule = leading != nullptr ? find_rule(leading->rule) : nullptr;
    return d.action == config::action::reject && rule != nullptr && rule->rewrites;
}

}  // namespace policy
