#pragma once

#include <string>

// The advisory locks by which sessions of Lockkeeper agree with each other: key pairs (manual, 9.27.10), of the database
// that they are taken in. In pg_locks the first is classid, the second objid, both as unsigned numbers, and objsubid is 2.
namespace proxy::advisory {

// "lock" in ASCII; beside it the id of a row of lockkeeper.pending, or one of the numbers below, which are no ids.
inline const std::string lock_class = "1819239275";
inline const std::string ledger_is_made = "0";
inline const std::string schema_changes = "-1";  // locks.serialize

}  // namespace proxy::advisory
