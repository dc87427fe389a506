#pragma once

#include <vector>

#include "policy/decision.hpp"
#include "policy/known_relations.hpp"
#include "policy/statement.hpp"

namespace policy {

// What PostgreSQL does when it runs a statement. The measured source of every lock and work here is the claims suite
// (tests/claims); manual: 13.3.1 and the pages of the commands.
struct effects {
    std::vector<relation_effect> relations;  // a relation that does not exist is not among them
    bool transactional = true;
    timeout_class timeouts = timeout_class::none;
};

effects effects_of(const statement& s, const known_relations& known);

// The stronger lock and the heavier work of the relation's entry; null where it has none.
const relation_effect* heaviest(const effects& e) noexcept;

}  // namespace policy
