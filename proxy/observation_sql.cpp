#include <array>
#include <charconv>

#include "policy/quote.hpp"
#include "proxy/observation.hpp"

// The observer's questions, and how their answers are read. It runs with an empty search_path, so that operators and functions
// are those of pg_catalog.

namespace proxy {
namespace {

// Who waits is read off pg_locks, which everybody may see; pg_blocking_pids costs the more the longer a queue is.
constexpr std::string_view waits_sql = R"(/* lockkeeper */
SELECT w.pid, b.pid
FROM (SELECT l.pid FROM pg_locks AS l WHERE NOT l.granted AND l.pid IS NOT NULL GROUP BY l.pid
      ORDER BY l.pid = ANY ($1::int4[]) DESC, min(l.pid) LIMIT 500) AS w
CROSS JOIN LATERAL unnest(pg_blocking_pids(w.pid)) AS b(pid))";

constexpr std::string_view backends_sql = R"(/* lockkeeper */
SELECT a.pid, a.usename, a.datname, a.application_name, a.backend_type, a.state, left(a.query, 200), a.backend_start, a.xact_start,
       a.state_change, EXTRACT(epoch FROM clock_timestamp() - a.xact_start), EXTRACT(epoch FROM clock_timestamp() - a.state_change),
       r.rolsuper OR r.rolreplication
FROM pg_stat_activity AS a LEFT JOIN pg_roles AS r ON r.oid = a.usesysid
WHERE a.pid = ANY ($1::int4[]))";

// While it waits for others its numbers are those of transactions, else of blocks or tuples, whatever the phase goes through.
constexpr std::string_view progress_sql = R"(/* lockkeeper */
SELECT p.pid, p.command, p.phase, CASE WHEN p.total > 0 THEN least(100, 100 * p.done / p.total) END
FROM (SELECT pid, command, phase, CASE WHEN phase LIKE 'waiting%' THEN lockers_done WHEN blocks_total > 0 THEN blocks_done ELSE tuples_done END,
             CASE WHEN phase LIKE 'waiting%' THEN lockers_total WHEN blocks_total > 0 THEN blocks_total ELSE tuples_total END
      FROM pg_stat_progress_create_index
      UNION ALL
      SELECT pid, command, phase, heap_blks_scanned, CASE WHEN phase = 'seq scanning heap' THEN heap_blks_total END FROM pg_stat_progress_cluster
      UNION ALL
      SELECT pid, 'VACUUM', phase, CASE WHEN phase = 'vacuuming heap' THEN heap_blks_vacuumed ELSE heap_blks_scanned END,
             CASE WHEN phase IN ('scanning heap', 'vacuuming heap') THEN heap_blks_total END FROM pg_stat_progress_vacuum
      UNION ALL
      SELECT pid, 'ANALYZE', phase, sample_blks_scanned, CASE WHEN phase LIKE 'acquiring%' THEN sample_blks_total END
      FROM pg_stat_progress_analyze) AS p(pid, command, phase, done, total)
WHERE p.pid = ANY ($1::int4[]))";

// The row is looked for and the signal sent in one statement: a session that has gone on in between has another state_change. Who
// has the turn (locks.serialize) changes the schema, perhaps by way of another Lockkeeper.
constexpr std::string_view termination_sql = R"(/* lockkeeper */
SELECT pg_terminate_backend(a.pid)
FROM pg_stat_activity AS a JOIN pg_roles AS r ON r.oid = a.usesysid
WHERE a.pid = $1::int4 AND a.backend_start = $2::timestamptz AND a.xact_start = $3::timestamptz AND a.state_change = $4::timestamptz
  AND a.state LIKE 'idle in transaction%' AND a.backend_type = 'client backend' AND NOT r.rolsuper AND NOT r.rolreplication
  AND a.pid <> pg_backend_pid()
  AND NOT EXISTS (SELECT FROM pg_locks AS l WHERE l.pid = a.pid AND l.locktype = 'advisory' AND l.classid = 1819239275 AND l.objid = 4294967295)
  AND (a.pid = ANY (pg_blocking_pids($5::int4))
       OR EXISTS (SELECT FROM pg_locks AS l JOIN pg_stat_activity AS w ON w.datid = l.database
                  WHERE l.pid = a.pid AND l.locktype = 'relation' AND l.granted AND w.pid = $5::int4)))";

std::string text_at(const policy::catalog_row& row, std::size_t column) { return column < row.size() ? row[column].value_or("") : std::string(); }

template <class Number>
Number number_at(const policy::catalog_row& row, std::size_t column) {
    const auto text = text_at(row, column);
    Number value{};
    std::from_chars(text.data(), text.data() + text.size(), value);
    return value;
}

template <class Pids>
std::string array_of(const Pids& pids) {
    std::vector<std::string> texts;
    for (const auto pid : pids) texts.push_back(std::to_string(pid));
    return policy::array_literal(texts);
}

std::string array_of_work(const std::vector<ddl_under_way>& all) {
    std::set<std::uint32_t> pids;
    for (const auto& d : all)
        if (d.at_work) pids.insert(d.server_pid);
    return array_of(pids);
}

}  // namespace

policy::catalog_query observer_settings() {
    return {R"(/* lockkeeper */
SELECT set_config(s.name, s.value, false)
FROM (VALUES ('search_path', ''), ('default_transaction_read_only', 'on'), ('statement_timeout', '5s'), ('jit', 'off'),
             ('DateStyle', 'ISO'), ('application_name', 'lockkeeper observer')) AS s(name, value))",
            {}};
}

policy::catalog_query observer_rights() {
    return {"/* lockkeeper */ SELECT current_user, pg_has_role('pg_read_all_stats', 'USAGE')", {}};
}

policy::catalog_query waits_query(const std::vector<ddl_under_way>& all) { return {std::string(waits_sql), {array_of_work(all)}}; }

policy::catalog_query backends_query(const std::set<std::uint32_t>& pids) { return {std::string(backends_sql), {array_of(pids)}}; }

policy::catalog_query progress_query(const std::vector<ddl_under_way>& all) { return {std::string(progress_sql), {array_of_work(all)}}; }

policy::catalog_query termination(const backend& b, std::uint32_t waiter) {
    return {std::string(termination_sql), {std::to_string(b.pid), b.began, b.transaction_began, b.state_changed, std::to_string(waiter)}};
}

wait_graph read_waits(const policy::catalog_rows& rows) {
    std::vector<wait_graph::edge> edges;
    for (const auto& row : rows) edges.push_back({number_at<std::uint32_t>(row, 0), number_at<std::uint32_t>(row, 1)});
    return wait_graph(std::move(edges));
}

std::map<std::uint32_t, backend> read_backends(const policy::catalog_rows& rows) {
    std::map<std::uint32_t, backend> all;
    for (const auto& row : rows) {
        backend b{.pid = number_at<std::uint32_t>(row, 0),
                  .user = text_at(row, 1),
                  .database = text_at(row, 2),
                  .application_name = text_at(row, 3),
                  .type = text_at(row, 4),
                  .state = text_at(row, 5),
                  .query = text_at(row, 6),
                  .began = text_at(row, 7),
                  .transaction_began = text_at(row, 8),
                  .state_changed = text_at(row, 9),
                  .seconds = number_at<double>(row, 10),
                  .idle_seconds = number_at<double>(row, 11),
                  .privileged = text_at(row, 12) != "f"};
        all.emplace(b.pid, std::move(b));
    }
    return all;
}

std::map<std::uint32_t, server_progress> read_progress(const policy::catalog_rows& rows) {
    std::map<std::uint32_t, server_progress> all;
    for (const auto& row : rows) {
        server_progress p{.command = text_at(row, 1), .phase = text_at(row, 2)};
        if (row[3]) p.percent = number_at<int>(row, 3);
        all.emplace(number_at<std::uint32_t>(row, 0), std::move(p));
    }
    return all;
}

}  // namespace proxy
