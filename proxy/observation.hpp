#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "policy/facts.hpp"
#include "proxy/audit.hpp"
#include "proxy/ddl_under_way.hpp"
#include "proxy/wait_graph.hpp"

// What the observer asks a server, and what it makes of the answers. Pure.
namespace proxy {

// One process of the server. What its role may not see is empty.
struct backend {
    std::uint32_t pid = 0;
    std::string user, database, application_name, type, state, query;
    std::string began, transaction_began, state_changed;  // as the server prints them: to know it by
    double seconds = 0, idle_seconds = 0;                 // age of its transaction, and of its state
    bool privileged = false;                              // a superuser, or a role for replication

    bool idle_in_transaction() const { return state.starts_with("idle in transaction"); }
};

// How far a command is, by one of pg_stat_progress_*.
struct server_progress {
    std::string command, phase;
    std::optional<int> percent;  // of the phase
};

// One schema change.
struct observed_ddl {
    bool waits = false;                   // in the server, for a lock
    std::vector<std::uint32_t> blockers;  // for whom; where it waits outside of the queue, who holds its lock
    std::vector<std::uint32_t> queue;     // behind it
    std::optional<server_progress> progress;
};

// All of them at one moment.
struct observation {
    std::map<std::uint32_t, observed_ddl> ddl;  // by server process
    std::map<std::uint32_t, backend> backends;  // those in it that are told of
    std::vector<wait_graph::edge> edges;        // between those
    std::size_t queued = 0;                     // sessions that wait behind any of them

    const observed_ddl* of(std::uint32_t pid) const;
    const backend* backend_of(std::uint32_t pid) const;
};

// Settings of the observer's own session; who it is, and whether it may see what other users do.
policy::catalog_query observer_settings();
policy::catalog_query observer_rights();
policy::catalog_query waits_query(const std::vector<ddl_under_way>& all);
policy::catalog_query backends_query(const std::set<std::uint32_t>& pids);
policy::catalog_query progress_query(const std::vector<ddl_under_way>& all);

wait_graph read_waits(const policy::catalog_rows& rows);
std::map<std::uint32_t, backend> read_backends(const policy::catalog_rows& rows);
std::map<std::uint32_t, server_progress> read_progress(const policy::catalog_rows& rows);

// Whom to ask about: schema changes, who is before them, and of those behind the first few.
std::set<std::uint32_t> told_of(const std::vector<ddl_under_way>& all, const wait_graph& waits);
// A schema change that the server knows under another name is on another server: nothing is known of it.
observation observe(const std::vector<ddl_under_way>& all, const wait_graph& waits, std::map<std::uint32_t, backend> backends,
                    const std::map<std::uint32_t, server_progress>& progress);

// The attempt is to be ended for the sake of those behind it (locks.max_queue).
bool too_many_behind(const ddl_under_way& d, const observed_ddl& o);
// Who is to be ended for its sake (locks.terminate_blockers). `all`: sessions that change the schema are let be.
std::vector<std::uint32_t> to_terminate(const ddl_under_way& d, const observation& o, const std::vector<ddl_under_way>& all);
// Ends the session if it still is as it was seen, and still in the way of `waiter`. It returns a row if it was there.
policy::catalog_query termination(const backend& b, std::uint32_t waiter);

audit_blocker audited(const backend& b);

}  // namespace proxy
