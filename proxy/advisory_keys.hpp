#pragma once

#include <string>

// The advisory locks by which sessions of Lockkeeper agree with each other: key pairs (manual, 9.27.10), of the database
// that they are taken in. In pg_locks the first is classid, the second objid, both as unsigned numbers, and objsubid is 2.
namespace proxy::advisory {

// "lock" in ASCII; beside it the id of a row of lockkeeper.pending, or one of the numbers below, which are no ids.
inline const std::string lock_class = "1819239275";
inline const std::string ledger_is_made = "0";
inline const std::string schema_changes = "-1";  // locks.serialize

// Of a row l of pg_locks: it is held, and that lock of this database.
inline std::string is_held(const std::string& second) {
    const auto unsigned_key = [](const std::string& key) { return "(" + key + ")::pg_catalog.int4::pg_catalog.oid"; };
    return "(l.locktype = 'advisory') AND (l.classid = " + unsigned_key(lock_class) + ") AND (l.objid = " + unsigned_key(second) +
           ") AND (l.objsubid = 2) AND l.granted AND (l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d "
           "WHERE d.datname = pg_catalog.current_database()))";
}

}  // namespace proxy::advisory
