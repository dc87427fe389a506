#pragma once

#include "policy/decision.hpp"

namespace policy {

// A refusal by a rule that rewrites: what is in its way may be what another session is at, such as an INVALID index that is
// being built.
bool refusal_may_pass(const decision& d) noexcept;

}  // namespace policy
