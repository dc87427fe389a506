#include "proxy/schema_lock.hpp"

#include <algorithm>

#include "policy/qualified_sql.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/advisory_keys.hpp"

namespace proxy::schema_lock {
namespace {

const std::string keys = advisory::lock_class + ", " + advisory::schema_changes;

constexpr std::size_t waits_column = 10;

}  // namespace

policy::catalog_query taking() { return policy::our_query("SELECT pg_catalog.pg_try_advisory_lock(" + keys + ")"); }
policy::catalog_query giving_back() { return policy::our_query("SELECT pg_catalog.pg_advisory_unlock(" + keys + ")"); }

policy::catalog_query holder() {
    return policy::our_query("SELECT l.pid::pg_catalog.text, a.usename, a.application_name, a.state, "
                             "pg_catalog.round(EXTRACT(epoch FROM pg_catalog.clock_timestamp() - a.xact_start)::pg_catalog.numeric, 1), "
                             "l.mode, $1, pg_catalog.left(a.query, 200), false, NULL, "
                             "pg_catalog.pg_backend_pid() = ANY (pg_catalog.pg_blocking_pids(l.pid)) "
                             "FROM pg_catalog.pg_locks AS l LEFT JOIN pg_catalog.pg_stat_activity AS a ON (a.pid = l.pid) WHERE " +
                                 advisory::is_held(advisory::schema_changes) + " AND ((l.pid IS NULL) OR (l.pid <> pg_catalog.pg_backend_pid()))",
                             {"the advisory lock (" + keys + ")"});
}

bool waits_for_us(const policy::catalog_rows& rows) {
    return std::any_of(rows.begin(), rows.end(), [](const policy::catalog_row& row) {
        return row.size() > waits_column && row[waits_column] == "t";
    });
}

protocol::error_fields not_got(const policy::catalog_rows& holder, bool holds_another, int attempts) {
    const auto holders = read_holders(holder);
    auto error = with_holders(protocol::make_error("ERROR", protocol::sqlstate::lock_not_available,
                                                   "another session is changing the schema of this database (locks.serialize)"),
                              holders, attempts);
    if (waits_for_us(holder))
        error.set('H', "That session waits for this transaction to end, so waiting for it would never end. Roll back, and begin again "
                       "with the statement that changes the schema.");
    else if (holds_another)
        error.set('H', "This transaction holds a strong lock already, and waiting would extend that. Roll back, and run the migration "
                       "when the other session has ended.");
    return error;
}

}  // namespace proxy::schema_lock
