#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "policy/lock_mode.hpp"
#include "policy/plan.hpp"
#include "policy/timeout_class.hpp"
#include "policy/transaction_memory.hpp"

namespace policy {

// What PostgreSQL does to a relation's rows, worst last.
enum class work { none, scan, index_build, rewrite };

// One relation that a statement touches.
struct relation_effect {
    std::string relation;               // schema-qualified where the catalog was asked, else as written
    lock_mode lock = lock_mode::none;
    policy::work work = work::none;
    std::optional<std::uint64_t> size;  // bytes by pg_table_size; nullopt: unknown
    bool visible = true;                // other sessions can see it: neither created in this transaction nor temporary
    bool index = false;                 // known to be one: who uses it has a lock on its table
    bool unlocked = false;              // nobody else had or awaited a lock on it when the catalog was asked; false: not known
    bool named = true;                  // false: `relation` describes relations that are not known one by one
    lock_mode unwaited = lock_mode::none;  // taken besides, for a moment, and only where nobody is in the way (VACUUM)
};

// One hazard found, in the words that the client gets.
struct finding {
    std::string rule;     // id, e.g. "index-without-concurrently"
    config::action action = config::action::allow;
    std::string message;  // one sentence that names the hazard
    std::string detail;   // what would have happened: lock, relation, size, work
    std::string hint;     // the remedy, and `lockkeeper explain <rule>`
    std::string sqlstate = "LK001";
};

// A finding that a comment of the statement has set aside.
struct overridden {
    std::string rule, reason;
};

// The verdict on one statement of the text.
struct statement_decision {
    std::size_t offset = 0, length = 0;  // bytes of the text judged
    std::string kind;                    // "CREATE INDEX", "ALTER TABLE", ...
    std::vector<relation_effect> relations;
    bool transactional = true;           // may run in a transaction block
    timeout_class timeouts = timeout_class::none;
    config::mode mode = config::mode::enforce;  // that of its scope
    std::vector<finding> findings;       // every rule that fired with an action above `allow`
    std::vector<overridden> overrides;   // for the audit log
    std::vector<deed> deeds;             // for the transaction's memory, once the statement has succeeded
};

// The verdict on one Query string or one prepared statement.
struct decision {
    config::action action = config::action::allow;  // the strongest of the findings
    timeout_class timeouts = timeout_class::none;   // the strongest of the statements
    config::conduct conduct;                        // how it is to be carried out: the strictest of the statements
    std::vector<statement_decision> statements;
    std::optional<plan> replacement;  // present where action is rewrite: what runs instead of the whole text
    config::transactions way = config::transactions::reject;  // ... in a transaction block: that of its rule
    // Nothing but changes of the schema that a rollback takes back: after a failure all of it may be sent once more.
    bool repeatable = true;
    // The text itself sets lock_timeout or statement_timeout: ours are not put over it.
    bool sets_timeouts = false;
    // Other sessions will see a schema that is different, or wait for a strong lock.
    bool changes_schema = false;
};

// The finding that stands for the decision: the first one with its action. Null where action is allow.
const finding* leading_finding(const decision& d) noexcept;

}  // namespace policy
