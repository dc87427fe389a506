#pragma once

#include <vector>

#include "policy/effects.hpp"
#include "policy/known_relations.hpp"
#include "policy/statement.hpp"
#include "policy/transaction_memory.hpp"

namespace policy {

// What the statement leaves behind where it succeeds. `known`: as it was before the statement.
std::vector<deed> deeds_of(const statement& s, const effects& does, const known_relations& known);

}  // namespace policy
