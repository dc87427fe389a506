#include "proxy/ledger_table.hpp"

#include "policy/qualified_sql.hpp"
#include "proxy/advisory_keys.hpp"

namespace proxy::ledger_table {
namespace {

using policy::catalog_query;
using policy::our_query;

using advisory::lock_class;

std::string holder_of(const std::string& id) {
    return "SELECT l.pid FROM pg_catalog.pg_locks AS l WHERE " + advisory::is_held(id);
}

constexpr std::string_view table = R"(CREATE TABLE lockkeeper.pending (
    id pg_catalog.int4 GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    created_at pg_catalog.timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
    session_role pg_catalog.name NOT NULL DEFAULT session_user,
    role pg_catalog.name NOT NULL DEFAULT current_user,
    application_name pg_catalog.text NOT NULL,
    relation pg_catalog.text NOT NULL,
    object pg_catalog.text NOT NULL,
    statement pg_catalog.text NOT NULL,
    plan pg_catalog.jsonb NOT NULL,
    settings pg_catalog.jsonb NOT NULL,
    version pg_catalog.text NOT NULL,
    attempts pg_catalog.int4 NOT NULL DEFAULT 0,
    last_error pg_catalog.text))";

}  // namespace

catalog_query question() {
    return our_query(R"(SELECT o.rolname, o.rolsuper OR (
           ((o.rolname = current_user) OR (o.rolname = session_user) OR (o.oid = d.datdba))
           AND NOT EXISTS (SELECT FROM pg_catalog.pg_roles AS m
                           WHERE m.rolsuper AND ((m.rolname = current_user) OR (m.rolname = session_user))))
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON (n.oid = c.relnamespace)
JOIN pg_catalog.pg_roles AS o ON (o.oid = c.relowner)
JOIN pg_catalog.pg_database AS d ON (d.datname = pg_catalog.current_database())
WHERE (n.nspname = 'lockkeeper') AND (c.relname = 'pending'))");
}

catalog_query creation_lock() {
    return our_query("SELECT pg_catalog.pg_try_advisory_xact_lock(" + lock_class + ", " + advisory::ledger_is_made + ")");
}

std::vector<catalog_query> creation() {
    return {our_query("CREATE SCHEMA IF NOT EXISTS lockkeeper"),
            our_query(table),
            our_query("COMMENT ON TABLE lockkeeper.pending IS 'What Lockkeeper has put off until a COMMIT and not finished: see lockkeeper pending'"),
            our_query("ALTER TABLE lockkeeper.pending ENABLE ROW LEVEL SECURITY"),
            our_query("CREATE POLICY own ON lockkeeper.pending USING (session_role = session_user) WITH CHECK (session_role = session_user)"),
            our_query("GRANT USAGE ON SCHEMA lockkeeper TO PUBLIC"),
            our_query("GRANT SELECT, INSERT, UPDATE, DELETE ON lockkeeper.pending TO PUBLIC")};
}

catalog_query settings_question() {
    return our_query("SELECT s.name, pg_catalog.current_setting(s.name) FROM pg_catalog.unnest('{search_path,DateStyle,IntervalStyle,TimeZone,"
                "standard_conforming_strings,transform_null_equals,default_tablespace,maintenance_work_mem,"
                "max_parallel_maintenance_workers,role}'::pg_catalog.text[]) WITH ORDINALITY AS s(name, place) ORDER BY s.place");
}

catalog_query set(std::string_view setting, std::string_view value) {
    return our_query("SELECT pg_catalog.set_config($1, $2, false)", {std::string(setting), std::string(value)});
}

catalog_query entry(const deferred_work& work, const std::string& application_name) {
    return our_query("INSERT INTO lockkeeper.pending (application_name, relation, object, statement, plan, settings, version) "
                "VALUES ($1, $2, $3, $4, $5::pg_catalog.jsonb, $6::pg_catalog.jsonb, $7) RETURNING id",
                {application_name, work.plan.relation, work.plan.object, work.record->statement, plan_as_json(work), settings_as_json(work),
                 LOCKKEEPER_VERSION});
}

catalog_query listing() {
    return our_query("SELECT p.id, p.created_at, p.session_role, p.role, p.application_name, p.relation, p.object, p.statement, p.plan, "
                "p.settings, p.version, p.attempts, p.last_error, (" +
                holder_of("p.id") + " LIMIT 1), p.session_role = session_user FROM lockkeeper.pending AS p ORDER BY p.id");
}

catalog_query removal(const std::string& id) { return our_query("DELETE FROM lockkeeper.pending WHERE id = " + id); }

catalog_query failure(const std::string& id, const std::string& error) {
    return our_query("UPDATE lockkeeper.pending SET attempts=attempts + 1, last_error=$1 WHERE id = " + id, {error});
}

catalog_query taking(const std::string& id) { return our_query("SELECT pg_catalog.pg_try_advisory_lock(" + lock_class + ", " + id + ")"); }
catalog_query giving_back(const std::string& id) { return our_query("SELECT pg_catalog.pg_advisory_unlock(" + lock_class + ", " + id + ")"); }
catalog_query presence(const std::string& id) { return our_query("SELECT 1 FROM lockkeeper.pending WHERE id = " + id); }
catalog_query holder(const std::string& id) { return our_query(holder_of(id)); }

}  // namespace proxy::ledger_table
