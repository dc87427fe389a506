#include "policy/catalog_sql.hpp"
#include "policy/qualified_sql.hpp"

namespace policy::catalog_sql {
namespace {

// A type is looked up by name and not by to_regtype, which fails where the client may not use the schema.
constexpr std::string_view asked_types = R"(
WITH RECURSIVE asked AS (
    SELECT u.schema, u.name, u.is_array, CASE WHEN u.is_array = 't' THEN t.typarray ELSE t.oid END AS oid, t.oid AS element
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]),
                    pg_catalog.unnest($3::pg_catalog.text[])) AS u(schema, name, is_array)
    JOIN pg_catalog.pg_type AS t ON (t.typname = u.name::pg_catalog.name
        AND CASE WHEN u.schema = '' THEN pg_catalog.pg_type_is_visible(t.oid)
            ELSE t.typnamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n
                                   WHERE n.nspname = u.schema::pg_catalog.name) END)),
chain(schema, name, is_array, oid, element, modifier) AS (
    SELECT a.schema, a.name, a.is_array, a.oid, a.element, -1 FROM asked AS a
    UNION ALL
    SELECT c.schema, c.name, c.is_array, CASE WHEN c.is_array = 't' THEN c.oid ELSE t.typbasetype END, t.typbasetype, t.typtypmod
    FROM chain AS c JOIN pg_catalog.pg_type AS t ON (t.oid = c.element) WHERE t.typtype = 'd'))";

}  // namespace

const std::string& types() {
    static const std::string sql = with_qualified_operators(std::string(asked_types) + R"(
SELECT 'type', a.schema, a.name, a.is_array, a.oid, b.oid, b.modifier,
       EXISTS (SELECT FROM chain AS c JOIN pg_catalog.pg_type AS t ON (t.oid = c.element)
               WHERE c.schema = a.schema AND c.name = a.name AND t.typtype = 'd'
                 AND (t.typnotnull OR EXISTS (SELECT FROM pg_catalog.pg_constraint AS k WHERE k.contypid = t.oid))),
       t.typcollation
FROM asked AS a
JOIN chain AS b ON (b.schema = a.schema AND b.name = a.name AND b.is_array = a.is_array)
JOIN pg_catalog.pg_type AS e ON (e.oid = b.element AND e.typtype <> 'd')
JOIN pg_catalog.pg_type AS t ON (t.oid = a.oid))");
    return sql;
}

const std::string& casts() {
    static const std::string sql = with_qualified_operators(std::string(asked_types) + R"(
SELECT 'cast', k.castsource, k.casttarget, k.castmethod
FROM pg_catalog.pg_cast AS k WHERE k.casttarget = ANY (ARRAY(SELECT c.oid FROM chain AS c)))");
    return sql;
}

const std::string& functions() {
    static const std::string sql = with_qualified_operators(R"(
SELECT 'function', u.schema, u.name, pg_catalog.bool_or(p.provolatile = 'v')
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) AS u(schema, name)
JOIN pg_catalog.pg_proc AS p ON (p.proname = u.name::pg_catalog.name
    AND CASE WHEN u.schema = '' THEN pg_catalog.pg_function_is_visible(p.oid)
        ELSE p.pronamespace = (SELECT n.oid FROM pg_catalog.pg_namespace AS n
                               WHERE n.nspname = u.schema::pg_catalog.name) END)
GROUP BY u.schema, u.name)");
    return sql;
}

// pg_depend is walked as DROP does (dependency.c): to whatever depends on an object, and from an object that is part of
// another (the rule of a view) to that one. 1247 is pg_type, 1255 pg_proc, 1259 pg_class, 2604 pg_attrdef,
// 2606 pg_constraint, 2618 pg_rewrite, 2620 pg_trigger, 3256 pg_policy, 3381 pg_statistic_ext,
// 6104 pg_publication, 6106 pg_publication_rel.
const std::string& dependents() {
    static const std::string sql = with_qualified_operators(R"(
WITH RECURSIVE asked AS (
    SELECT u.*, CASE WHEN u.rname = '' THEN NULL
           WHEN u.rschema = '' THEN pg_catalog.to_regclass(pg_catalog.quote_ident(u.rname))::pg_catalog.oid
           ELSE (SELECT c.oid FROM pg_catalog.pg_class AS c
                 WHERE c.relname = u.rname::pg_catalog.name
                   AND c.relnamespace = CASE WHEN u.rschema = 'pg_temp' THEN pg_catalog.pg_my_temp_schema()
                       ELSE (SELECT n.oid FROM pg_catalog.pg_namespace AS n
                             WHERE n.nspname = u.rschema::pg_catalog.name) END) END AS relation,
           (SELECT n.oid FROM pg_catalog.pg_namespace AS n WHERE n.nspname = u.schema::pg_catalog.name) AS namespace
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]),
                    pg_catalog.unnest($3::pg_catalog.text[]), pg_catalog.unnest($4::pg_catalog.text[]),
                    pg_catalog.unnest($5::pg_catalog.text[]), pg_catalog.unnest($6::pg_catalog.text[]))
         WITH ORDINALITY AS u(class, schema, name, rschema, rname, args, ord)),
root(ord, classid, objid, sub) AS (
    SELECT a.ord, 1259::pg_catalog.oid, a.relation, 0 FROM asked AS a WHERE a.class = 'pg_class' AND a.relation IS NOT NULL
    UNION ALL SELECT a.ord, 1259::pg_catalog.oid, t.attrelid, t.attnum::pg_catalog.int4
    FROM asked AS a JOIN pg_catalog.pg_attribute AS t ON (t.attrelid = a.relation AND t.attname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_attribute' AND t.attnum > 0
    UNION ALL SELECT a.ord, 2606::pg_catalog.oid, k.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_constraint AS k ON (k.conrelid = a.relation AND k.conname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_constraint'
    UNION ALL SELECT a.ord, 2620::pg_catalog.oid, g.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_trigger AS g ON (g.tgrelid = a.relation AND g.tgname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_trigger'
    UNION ALL SELECT a.ord, 2618::pg_catalog.oid, w.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_rewrite AS w ON (w.ev_class = a.relation AND w.rulename = a.name::pg_catalog.name)
    WHERE a.class = 'pg_rewrite'
    UNION ALL SELECT a.ord, 3256::pg_catalog.oid, p.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_policy AS p ON (p.polrelid = a.relation AND p.polname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_policy'
    UNION ALL SELECT a.ord, 1247::pg_catalog.oid, t.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_type AS t ON (t.typname = a.name::pg_catalog.name
        AND CASE WHEN a.schema = '' THEN pg_catalog.pg_type_is_visible(t.oid) ELSE t.typnamespace = a.namespace END)
    WHERE a.class = 'pg_type'
    UNION ALL SELECT a.ord, 1255::pg_catalog.oid, p.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_proc AS p ON (p.proname = a.name::pg_catalog.name
        AND CASE WHEN a.schema = '' THEN pg_catalog.pg_function_is_visible(p.oid) ELSE p.pronamespace = a.namespace END)
    WHERE a.class = 'pg_proc' AND (a.args = '-1' OR (p.pronargs = a.args::pg_catalog.int2))
    UNION ALL SELECT a.ord, 3381::pg_catalog.oid, s.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_statistic_ext AS s ON (s.stxname = a.name::pg_catalog.name
        AND CASE WHEN a.schema = '' THEN pg_catalog.pg_statistics_obj_is_visible(s.oid)
            ELSE s.stxnamespace = a.namespace END)
    WHERE a.class = 'pg_statistic_ext'
    UNION ALL SELECT a.ord, 3456::pg_catalog.oid, c.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_collation AS c ON (c.collname = a.name::pg_catalog.name
        AND CASE WHEN a.schema = '' THEN pg_catalog.pg_collation_is_visible(c.oid) ELSE c.collnamespace = a.namespace END)
    WHERE a.class = 'pg_collation'
    UNION ALL SELECT a.ord, 2615::pg_catalog.oid, n.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_namespace AS n ON (n.nspname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_namespace'
    UNION ALL SELECT a.ord, 3079::pg_catalog.oid, e.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_extension AS e ON (e.extname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_extension'
    UNION ALL SELECT a.ord, 1417::pg_catalog.oid, s.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_foreign_server AS s ON (s.srvname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_foreign_server'
    UNION ALL SELECT a.ord, 2328::pg_catalog.oid, w.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_foreign_data_wrapper AS w ON (w.fdwname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_foreign_data_wrapper'
    UNION ALL SELECT a.ord, 2612::pg_catalog.oid, l.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_language AS l ON (l.lanname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_language'
    UNION ALL SELECT a.ord, 2601::pg_catalog.oid, m.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_am AS m ON (m.amname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_am'
    UNION ALL SELECT a.ord, 6104::pg_catalog.oid, p.oid, 0
    FROM asked AS a JOIN pg_catalog.pg_publication AS p ON (p.pubname = a.name::pg_catalog.name)
    WHERE a.class = 'pg_publication'),
hit(ord, classid, objid, sub, depth) AS (
    SELECT r.ord, r.classid, r.objid, r.sub, 0 FROM root AS r
    UNION
    SELECT n.ord, n.classid, n.objid, n.sub, n.depth FROM hit AS h, LATERAL (
        SELECT h.ord, d.classid, d.objid, d.objsubid, 1 FROM pg_catalog.pg_depend AS d
        WHERE d.refclassid = h.classid AND d.refobjid = h.objid AND (h.sub = 0 OR (d.refobjsubid = h.sub))
        UNION ALL SELECT h.ord, d.refclassid, d.refobjid, d.refobjsubid, 1 FROM pg_catalog.pg_depend AS d
        WHERE d.classid = h.classid AND d.objid = h.objid AND d.deptype = 'i' AND h.depth > 0
    ) AS n(ord, classid, objid, sub, depth)),
touched(ord, oid, lock, columns) AS (
    SELECT h.ord, h.objid, 'x', h.sub > 0 FROM hit AS h WHERE h.classid = 1259
    UNION SELECT h.ord, i.indrelid, 'x', false FROM hit AS h JOIN pg_catalog.pg_index AS i ON (i.indexrelid = h.objid)
    WHERE h.classid = 1259
    UNION SELECT h.ord, k.conrelid, 'x', false FROM hit AS h JOIN pg_catalog.pg_constraint AS k ON (k.oid = h.objid)
    WHERE h.classid = 2606
    UNION SELECT h.ord, g.tgrelid, 'x', false FROM hit AS h JOIN pg_catalog.pg_trigger AS g ON (g.oid = h.objid)
    WHERE h.classid = 2620
    UNION SELECT h.ord, t.adrelid, 'x', false FROM hit AS h JOIN pg_catalog.pg_attrdef AS t ON (t.oid = h.objid)
    WHERE h.classid = 2604
    UNION SELECT h.ord, w.ev_class, 'x', false FROM hit AS h JOIN pg_catalog.pg_rewrite AS w ON (w.oid = h.objid)
    WHERE h.classid = 2618
    UNION SELECT h.ord, p.polrelid, 'x', false FROM hit AS h JOIN pg_catalog.pg_policy AS p ON (p.oid = h.objid)
    WHERE h.classid = 3256
    UNION SELECT h.ord, s.stxrelid, 'u', false FROM hit AS h JOIN pg_catalog.pg_statistic_ext AS s ON (s.oid = h.objid)
    WHERE h.classid = 3381
    UNION SELECT h.ord, p.prrelid, 'u', false FROM hit AS h JOIN pg_catalog.pg_publication_rel AS p ON (p.oid = h.objid)
    WHERE h.classid = 6106)
SELECT 'dependent', a.class, a.schema, a.name, a.rschema, a.rname, a.args, c.oid, n.nspname, c.relname, c.relkind, t.lock, t.columns
FROM asked AS a
JOIN (SELECT DISTINCT r.ord FROM root AS r) AS f ON (f.ord = a.ord)
LEFT JOIN (touched AS t JOIN pg_catalog.pg_class AS c ON (c.oid = t.oid)
           JOIN pg_catalog.pg_namespace AS n ON (n.oid = c.relnamespace AND n.nspname <> 'pg_toast')) ON (t.ord = a.ord))");
    return sql;
}

}  // namespace policy::catalog_sql
