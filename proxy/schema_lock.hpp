#pragma once

#include <string>

#include "policy/facts.hpp"
#include "protocol/backend.hpp"
#include "proxy/lock_wait.hpp"

// The advisory lock of locks.serialize: whoever holds it is the one session that changes the schema of its database.
//
// It belongs to the session and not to the transaction, for what is put off until the COMMIT runs behind it, and a split
// commits in the middle. It is never waited for in the server: a statement that waits has a snapshot, and CREATE INDEX
// CONCURRENTLY waits for snapshots (manual, "Building Indexes Concurrently").
namespace proxy::schema_lock {

// `t` where it was free.
policy::catalog_query taking();
policy::catalog_query giving_back();

// Who holds it; see read_holders. One column more: whether that session waits for this one.
policy::catalog_query holder();
bool waits_for_us(const policy::catalog_rows& rows);

// What the statement fails with that did not get it.
protocol::error_fields not_got(const policy::catalog_rows& holder, bool holds_another, int attempts);

}  // namespace proxy::schema_lock
