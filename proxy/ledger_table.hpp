#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/facts.hpp"
#include "proxy/deferred_work.hpp"

// The SQL about lockkeeper.pending: one row for each piece of work that a transaction has put off until its COMMIT. The
// row is written by that transaction and deleted when the work is done, so what is found there is to be finished.
//
// Trust. Whoever inserts runs the triggers and defaults of the table's owner, and whoever resumes runs what stands in it.
// So it is used only where its owner is a superuser, or the session's own role or the database's owner and no superuser
// uses it; and row security shows and gives each role its own rows only, whose session_role nobody can make up.
//
// Who works on a row holds an advisory lock of the session on it. It is never waited for in the server: a statement that
// waits has a snapshot, and CREATE INDEX CONCURRENTLY waits for snapshots.
namespace proxy::ledger_table {

// One row: the owner, and whether it may be relied on. No row: there is no table.
policy::catalog_query question();

// To be run in one transaction that holds creation_lock(): `t` where it was free.
policy::catalog_query creation_lock();
std::vector<policy::catalog_query> creation();

// Names and values of the settings that steps hang on; role last, for who has another role may not set the others.
policy::catalog_query settings_question();
policy::catalog_query set(std::string_view setting, std::string_view value);

// Returns the id.
policy::catalog_query entry(const deferred_work& work, const std::string& application_name);
policy::catalog_query listing();   // columns in the order of `column`
policy::catalog_query removal(const std::string& id);
policy::catalog_query failure(const std::string& id, const std::string& error);

// `t` where it was free.
policy::catalog_query taking(const std::string& id);
policy::catalog_query giving_back(const std::string& id);
policy::catalog_query presence(const std::string& id);  // one row, or none
policy::catalog_query holder(const std::string& id);    // the pid of who has taken it

enum column {
    id,
    created_at,
    session_role,
    role,
    application_name,
    relation,
    object,
    statement,
    plan,
    settings,
    version,
    attempts,
    last_error,
    in_hand_of,  // the pid of who works on it; NULL: nobody
    is_own,      // of the role that asks
    columns,
};

}  // namespace proxy::ledger_table
