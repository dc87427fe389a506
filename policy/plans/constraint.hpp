#pragma once

#include "policy/plans/draft.hpp"

namespace policy::plans {

// NOT NULL is a constraint, which has a name and may be NOT VALID, since then.
inline constexpr int named_not_null = 18;

// FOREIGN KEY and CHECK: added NOT VALID, which is done at once, and validated in a transaction of its own.
void add_validated(draft& d, const constraint_words& k);

// Is it what the clause says, of that table? `there`: what the catalog says of one of its constraints.
bool same_definition(const draft& d, const relation_facts& table, const constraint_words& k, const std::string& clause,
                     const taken_constraint& there);

// Every constraint of that name is one of a partition, and such a key: a run that was killed has left it.
bool left_on_partitions(const draft& d, const constraint_words& k, const std::string& name, const std::string& clause);

// A foreign key of a partitioned table, before PostgreSQL 18: its partitions get theirs one by one.
void add_key_to_partitions(draft& d, const constraint_words& k, const std::string& name, const std::string& clause);

// NOT NULL of columns that may hold nulls: proved first, so that setting it reads nothing.
// False: it is set by that already (since PostgreSQL 18). A column that is not there is left to the last statement.
bool prove_not_null(draft& d, const std::string& column);

// UNIQUE and PRIMARY KEY: the index is built CONCURRENTLY, then the constraint put on it.
// `original`: the action as the client wrote it; empty for a constraint of a new column.
void add_key(draft& d, const constraint_words& k, const std::string& original);

// The first name that the constraint may have: its own, or one that PostgreSQL would make up.
struct constraint_name {
    std::string name;
    const taken_constraint* found = nullptr;  // of this very table
};
constraint_name choose_name(const draft& d, const constraint_words& k);

}  // namespace policy::plans
