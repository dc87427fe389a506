#pragma once

#include <vector>

#include "policy/decision.hpp"
#include "policy/facts.hpp"
#include "policy/known_relations.hpp"
#include "policy/statement.hpp"

namespace policy {

// What PostgreSQL does when it runs a statement. The measured source of every lock and work here is the claims suite
// (tests/claims); manual: 13.3.1 and the pages of the commands.
struct effects {
    // Every relation that is locked: the named ones first, then partitions, foreign keys' other sides, what CASCADE
    // reaches. One that does not exist is not among them. A name with blanks stands for relations that are not known.
    std::vector<relation_effect> relations;
    bool transactional = true;
    timeout_class timeouts = timeout_class::none;
};

effects effects_of(const statement& s, const known_relations& known, const session_facts& session);

// Of the database, for other sessions: what lives with the session or the transaction, and what is only maintained, does
// not; what cannot be understood does, and so does what takes a strong lock.
bool changes_schema(const statement& s, const effects& does) noexcept;

// The stronger lock and the heavier work of the relation's entry; null where it has none.
const relation_effect* heaviest(const effects& e) noexcept;

}  // namespace policy
