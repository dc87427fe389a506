#include <string_view>

#include "policy/catalog_sql.hpp"
#include "policy/qualified_sql.hpp"

// Who has the names that something new wants.
namespace policy::catalog_sql {
namespace {

// The tables, and the locks of others in this database.
constexpr std::string_view wanted = R"(
WITH asked AS (
    SELECT u.schema, u.name, u.index,
           CASE WHEN u.schema = '' THEN pg_catalog.to_regclass(pg_catalog.quote_ident(u.name))::pg_catalog.oid
                ELSE (SELECT c.oid FROM pg_catalog.pg_class AS c
                      WHERE c.relname = u.name::pg_catalog.name
                        AND c.relnamespace = CASE WHEN u.schema = 'pg_temp' THEN pg_catalog.pg_my_temp_schema()
                            ELSE (SELECT n.oid FROM pg_catalog.pg_namespace AS n
                                  WHERE n.nspname = u.schema::pg_catalog.name) END) END AS oid
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]),
                    pg_catalog.unnest($3::pg_catalog.text[])) AS u(schema, name, index)),
locks AS MATERIALIZED (
    SELECT l.relation, l.mode, l.granted FROM pg_catalog.pg_locks AS l
    WHERE (l.pid IS NULL OR (l.pid <> pg_catalog.pg_backend_pid()))
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                        WHERE d.datname = pg_catalog.current_database())))";

std::string of_wanted(std::string_view rest) { return with_qualified_operators(std::string(wanted) + std::string(rest)); }

}  // namespace

//  - pg_get_indexdef looks at the table and would wait for ACCESS EXCLUSIVE.
//  - CREATE INDEX CONCURRENTLY holds SHARE UPDATE EXCLUSIVE on the table from begin to end (VACUUM does, too).
const std::string& index_names() {
    static const std::string sql = of_wanted(R"(
SELECT 'taken', a.schema, a.name, a.index, COALESCE(i.indrelid = a.oid, false), COALESCE(i.indisvalid, true),
       EXISTS (SELECT FROM locks AS l
               WHERE (l.relation = a.oid) AND (l.mode = 'ShareUpdateExclusiveLock') AND l.granted),
       CASE WHEN EXISTS (SELECT FROM locks AS l WHERE (l.relation = a.oid) AND (l.mode = 'AccessExclusiveLock'))
            THEN NULL ELSE pg_catalog.pg_get_indexdef(i.indexrelid) END
FROM asked AS a
JOIN pg_catalog.pg_class AS t ON (t.oid = a.oid)
JOIN pg_catalog.pg_class AS c ON ((c.relnamespace = t.relnamespace) AND (c.relname = a.index::pg_catalog.name))
LEFT JOIN pg_catalog.pg_index AS i ON (i.indexrelid = c.oid))");
    return sql;
}

// pg_get_constraintdef looks at the table of a CHECK and would wait, too.
const std::string& constraint_names() {
    static const std::string sql = of_wanted(R"(
SELECT 'taken constraint', a.schema, a.name, a.index, k.conrelid = a.oid, k.contype, k.convalidated,
       CASE WHEN EXISTS (SELECT FROM locks AS l WHERE (l.relation = k.conrelid) AND (l.mode = 'AccessExclusiveLock'))
            THEN NULL ELSE pg_catalog.pg_get_constraintdef(k.oid) END,
       k.conrelid,
       (SELECT d.description FROM pg_catalog.pg_description AS d
        WHERE (d.objoid = k.oid) AND (d.classoid = 2606::pg_catalog.oid) AND (d.objsubid = 0)
          AND pg_catalog.starts_with(d.description, 'lockkeeper:'))
FROM asked AS a
JOIN pg_catalog.pg_class AS t ON (t.oid = a.oid)
JOIN pg_catalog.pg_constraint AS k ON ((k.connamespace = t.relnamespace) AND (k.conname = a.index::pg_catalog.name)))");
    return sql;
}

}  // namespace policy::catalog_sql
