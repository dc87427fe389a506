#pragma once

#include "policy/plans/draft.hpp"

namespace policy::plans {

// A CHECK that is there for the plan only: once it is valid PostgreSQL takes it as proof and reads no row.
struct proof {
    std::string head;  // "ALTER TABLE t "
    const relation_facts& table;
    std::string name;
    std::string clause;  // CHECK (...)
    // A failing CHECK names a constraint that the client has never heard of: what the client's own statement says of such a
    // row is said instead.
    std::string condition;  // plpgsql's name for it: not_null_violation
    std::string message;
    std::string column;  // empty: none is named
};

// What already has the name of the proof; null: nothing.
const taken_constraint* found_proof(const context& c, const relation_name& table, const std::string& name);

// Adds it NOT VALID and validates it. The reason why that cannot be; empty: done.
std::string add_proof(std::vector<step>& steps, const proof& p, const taken_constraint* found);

// Drops all of one table. It belongs into the transaction of what they prove: a run that is killed leaves none behind then.
std::string drop_of_proofs(const std::string& head, const std::vector<std::string>& names);

}  // namespace policy::plans
