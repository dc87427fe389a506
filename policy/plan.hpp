#pragma once

#include <string>
#include <vector>

#include "policy/lock_mode.hpp"
#include "policy/timeout_class.hpp"

namespace policy {

// Where a step of a plan runs.
enum class step_place {
    own,     // outside any transaction block, as a statement of its own
    inside,  // in the client's transaction, if there is one
};

// A lock on a relation that a statement has to wait for.
struct wanted_lock {
    std::string relation;  // as to_regclass reads it
    lock_mode mode = lock_mode::access_exclusive;
    bool named = true;  // as in relation_effect: false where `relation` only describes
};

// One statement that the proxy runs in place of the client's. Data only; proxy/plan_machine runs, retries and undoes it.
struct step {
    std::string sql;
    std::vector<std::string> and_then;  // statements that follow in the same transaction: all of it is done, or nothing
    std::string sql_from; // instead: a query whose rows are the statements to run, one by one; no row: nothing is to do
    // Work that is done in parts, each of them a transaction of its own: `sql` does the first, `next` all others. $1 is how
    // many rows a part may look at; `next` also takes where the one before it has ended, in as many parameters as that
    // needs. Both return one row: how many rows were changed, and where the part ended. No row: that was all.
    std::string next;
    timeout_class timeouts = timeout_class::none;
    step_place place = step_place::own;
    std::string why;      // for the audit log and `explain`
    std::string unless;   // a query that returns one boolean: true means the step's result is already there; empty: always run
    std::string undo;     // when this step or a later one has failed; empty: nothing to undo
    std::string undo_if;  // a query that returns one boolean: is there really something of ours to undo?
    std::string undo_from;  // instead of the two: a query whose rows are the statements that undo it
    // In place of those where the step was done and a later one has failed. Where an ADD CONSTRAINT itself fails, one of its
    // name is somebody else's.
    std::string undo_done, undo_done_if;
    timeout_class undo_timeouts = timeout_class::online;
    // What a blocking step, or undo, waits for. Empty: what the statement would that the plan stands for.
    std::vector<wanted_lock> locks;
};

struct plan {
    std::vector<step> steps;  // none: the statement is answered and not run
    std::string tag;  // the CommandComplete tag that the client's own statement would have got
    // In a transaction block its first steps, those of class blocking, may run at once and the rest behind the COMMIT. The
    // schema is then the same, but for what is not built or validated yet.
    bool deferrable = false;
    bool counts_rows = false;  // the tag ends in the number of rows that were changed
    // Where it makes one index: the step that does.
    std::string builds;
    std::string relation, object;  // whose index or constraint it makes, and its name: what is deferred must not be named
};

// All that it does can be done, and undone by a ROLLBACK, in a transaction block.
bool fits_inside(const plan& p) noexcept;

// The statements of a step as one text; empty where they are not known before.
std::string text_of(const step& s);
std::string joined(std::string sql, const std::vector<std::string>& and_then);

}  // namespace policy
