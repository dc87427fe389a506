#include "policy/catalog_sql.hpp"

#include <string_view>

#include "policy/qualified_sql.hpp"

namespace policy::catalog_sql {
namespace {

// A name with a schema is looked up in pg_class and not by to_regclass, which fails where the client may not use that
// schema; a failure would abort the client's transaction.
constexpr std::string_view asked = R"(
WITH RECURSIVE asked AS (
    SELECT u.ord, u.schema, u.name,
           CASE WHEN u.schema = '' THEN pg_catalog.to_regclass(pg_catalog.quote_ident(u.name))::pg_catalog.oid
                ELSE (SELECT c.oid FROM pg_catalog.pg_class AS c
                      WHERE c.relname = u.name::pg_catalog.name
                        AND c.relnamespace = CASE WHEN u.schema = 'pg_temp' THEN pg_catalog.pg_my_temp_schema()
                            ELSE (SELECT n.oid FROM pg_catalog.pg_namespace AS n
                                  WHERE n.nspname = u.schema::pg_catalog.name) END) END AS oid
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
         WITH ORDINALITY AS u(schema, name, ord)))";

// Where to go on from a relation is a column each: to its children, its parents, along foreign keys, to the views above
// it, to what it reads as a view, to the sequences that it owns. 1259 is pg_class, 2606 pg_constraint, 2618 pg_rewrite.
constexpr std::string_view reach = R"(,
reach(oid, down, up, keys, above, below, owns) AS (
    SELECT s.oid, true, true, true, true, true, true FROM (
        SELECT a.oid FROM asked AS a WHERE a.oid IS NOT NULL
        UNION SELECT i.indrelid FROM asked AS a JOIN pg_catalog.pg_index AS i ON (i.indexrelid = a.oid)) AS s
    UNION
    SELECT n.oid, n.down, n.up, n.keys, n.above, n.below, n.owns FROM reach AS r, LATERAL (
        SELECT h.inhrelid, true, false, r.keys, false, r.below, r.owns
        FROM pg_catalog.pg_inherits AS h WHERE h.inhparent = r.oid AND r.down
        UNION ALL SELECT h.inhparent, false, true, r.keys, false, false, false
        FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = r.oid AND r.up
        UNION ALL SELECT p.partdefid, false, false, false, false, false, false
        FROM pg_catalog.pg_partitioned_table AS p WHERE p.partrelid = r.oid AND p.partdefid <> 0 AND r.up
        UNION ALL SELECT k.confrelid, true, false, $3::pg_catalog.bool, false, false, false
        FROM pg_catalog.pg_constraint AS k WHERE k.conrelid = r.oid AND k.contype = 'f' AND r.keys
        UNION ALL SELECT k.conrelid, true, false, $3::pg_catalog.bool, false, false, false
        FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_constraint AS k ON (k.oid = d.objid)
        WHERE d.refclassid = 1259 AND d.refobjid = r.oid AND d.classid = 2606 AND k.contype = 'f'
          AND k.confrelid = r.oid AND r.keys
        UNION ALL SELECT w.ev_class, false, false, false, true, false, false
        FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_rewrite AS w ON (w.oid = d.objid)
        WHERE d.refclassid = 1259 AND d.refobjid = r.oid AND d.classid = 2618 AND w.ev_class <> r.oid AND r.above
        UNION ALL SELECT d.refobjid, true, false, false, false, true, false
        FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_depend AS d ON (d.objid = w.oid)
        WHERE w.ev_class = r.oid AND d.classid = 2618 AND d.refclassid = 1259 AND d.refobjid <> r.oid AND r.below
        UNION ALL SELECT d.objid, false, false, false, false, false, false
        FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_class AS c ON (c.oid = d.objid)
        WHERE d.refclassid = 1259 AND d.refobjid = r.oid AND d.classid = 1259 AND c.relkind = 'S' AND d.deptype <> 'n'
          AND r.owns
    ) AS n(oid, down, up, keys, above, below, owns)))";

std::string from_the_reach(std::string_view rest) {
    return with_qualified_operators(std::string(asked) + std::string(reach) + std::string(rest));
}

}  // namespace

const std::string& names() {
    static const std::string sql = with_qualified_operators(std::string(asked) + R"(
SELECT 'name', a.schema, a.name, a.oid, i.indrelid
FROM asked AS a LEFT JOIN pg_catalog.pg_index AS i ON (i.indexrelid = a.oid) ORDER BY a.ord)");
    return sql;
}

//  - The planner takes a recursive query for large, and would have it compiled (jit_above_cost), which takes seconds:
//    an array keeps its guess small.
//  - pg_table_size waits for whoever holds or awaits ACCESS EXCLUSIVE, so it is not asked there.
//  - Created in this transaction: the row of the system column ctid is written at creation and never again, so its
//    xmin is the transaction, or subtransaction, that created the relation. It is ours where it is not older than our
//    own transaction and still in progress: of the rows in progress only our own are visible. xmin has 32 bits, the
//    rest is taken from the snapshot. An id past the snapshot's end may only be asked of pg_xact_status if it has been
//    given out (a frozen row of two thousand million transactions ago looks like one that has not); there our own lock
//    on the new relation answers. Views have no system columns; their dependency on the schema serves.
const std::string& relations() {
    static const std::string sql = from_the_reach(R"(,
wanted AS (
    SELECT c.oid, COALESCE(i.indrelid, c.oid) AS born_with
    FROM pg_catalog.pg_class AS c LEFT JOIN pg_catalog.pg_index AS i ON (i.indexrelid = c.oid)
    WHERE c.oid = ANY (ARRAY(SELECT r.oid FROM reach AS r UNION SELECT a.oid FROM asked AS a WHERE a.oid IS NOT NULL))),
tree(root, oid) AS (
    SELECT w.oid, w.oid FROM wanted AS w
    UNION
    SELECT t.root, h.inhrelid FROM tree AS t JOIN pg_catalog.pg_inherits AS h ON (h.inhparent = t.oid)),
locked AS MATERIALIZED (
    SELECT l.relation FROM pg_catalog.pg_locks AS l
    WHERE l.mode = 'AccessExclusiveLock' AND (l.pid IS NULL OR (l.pid <> pg_catalog.pg_backend_pid()))
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                        WHERE d.datname = pg_catalog.current_database())),
sized AS MATERIALIZED (
    SELECT o.oid, CASE WHEN EXISTS (SELECT FROM locked AS l WHERE l.relation = o.oid) THEN NULL
                  ELSE pg_catalog.pg_table_size(o.oid::pg_catalog.regclass) END AS bytes
    FROM (SELECT DISTINCT t.oid FROM tree AS t) AS o),
me AS (
    SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text::pg_catalog.int8 AS xid,
           pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 AS next),
marked AS (
    SELECT w.oid, w.born_with, COALESCE(
        (SELECT a.xmin FROM pg_catalog.pg_attribute AS a WHERE (a.attrelid = w.born_with) AND (a.attnum = -1)),
        (SELECT d.xmin FROM pg_catalog.pg_depend AS d
         WHERE (d.classid = 1259) AND (d.objid = w.born_with) AND (d.objsubid = 0) AND (d.refclassid = 2615) LIMIT 1)
        )::pg_catalog.text::pg_catalog.int8 AS xmin
    FROM wanted AS w),
born AS (
    SELECT m.oid, m.born_with,
           (me.next + pg_catalog.mod((m.xmin - pg_catalog.mod(me.next, 4294967296)) + 6442450944, 4294967296))
               - 2147483648 AS xid
    FROM marked AS m, me)
SELECT 'relation', c.oid, n.nspname, c.relname, c.relkind, c.relpersistence,
       COALESCE(CASE WHEN me.xid IS NULL OR (b.xid < me.xid) THEN false
            WHEN b.xid < me.next THEN
                pg_catalog.pg_xact_status(b.xid::pg_catalog.text::pg_catalog.xid8) = 'in progress'
            ELSE (b.xid < (me.next + 10000000)) AND EXISTS (SELECT FROM pg_catalog.pg_locks AS l
                         WHERE (l.relation = b.born_with) AND (l.pid = pg_catalog.pg_backend_pid())
                           AND (l.mode = 'AccessExclusiveLock') AND l.granted) END, false),
       (SELECT CASE WHEN pg_catalog.bool_or(s.bytes IS NULL) THEN NULL ELSE pg_catalog.sum(s.bytes) END
        FROM tree AS t JOIN sized AS s ON (s.oid = t.oid) WHERE t.root = c.oid),
       CASE WHEN c.reltuples < 0::pg_catalog.float4 THEN NULL ELSE c.reltuples END, c.relispartition,
       (SELECT p.partdefid FROM pg_catalog.pg_partitioned_table AS p WHERE p.partrelid = c.oid),
       i.indrelid, c.relreplident,
       EXISTS (SELECT FROM pg_catalog.pg_publication_rel AS p WHERE p.prrelid = c.oid)
           OR EXISTS (SELECT FROM pg_catalog.pg_publication AS p WHERE p.puballtables),
       c.relpages, am.amname, COALESCE(ts.spcname, db.spcname), c.relowner::pg_catalog.regrole,
       pg_catalog.current_setting('default_statistics_target'),
       (SELECT p.partattrs[0] FROM pg_catalog.pg_partitioned_table AS p
         WHERE p.partrelid = c.oid AND (p.partstrat = 'r' OR (p.partstrat = 'l')) AND p.partnatts = 1), c.relispopulated,
       pg_catalog.concat(CASE WHEN c.relrowsecurity THEN 's' END, CASE WHEN c.relforcerowsecurity THEN 'f' END,
           (SELECT 'r' FROM pg_catalog.pg_rewrite AS w
             WHERE w.ev_class = c.oid AND c.relkind <> 'v' AND (w.ev_type = '2' OR (w.ev_type = '4')) LIMIT 1),
           (SELECT pg_catalog.concat(CASE WHEN pg_catalog.bool_or((g.tgtype OPERATOR(pg_catalog.&) 16::pg_catalog.int2) <> 0) THEN 'u' END,
                                     CASE WHEN pg_catalog.bool_or(((g.tgtype OPERATOR(pg_catalog.&) 16::pg_catalog.int2) <> 0)
                                                                  AND g.tgattr::pg_catalog.text = '') THEN 'a' END,
                                     CASE WHEN pg_catalog.bool_or((g.tgtype OPERATOR(pg_catalog.&) 8::pg_catalog.int2) <> 0) THEN 'd' END)
              FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D'))
FROM born AS b CROSS JOIN me
JOIN pg_catalog.pg_class AS c ON (c.oid = b.oid)
JOIN pg_catalog.pg_namespace AS n ON (n.oid = c.relnamespace)
LEFT JOIN pg_catalog.pg_index AS i ON (i.indexrelid = c.oid)
LEFT JOIN pg_catalog.pg_am AS am ON (am.oid = c.relam)
LEFT JOIN pg_catalog.pg_tablespace AS ts ON (ts.oid = c.reltablespace)
CROSS JOIN (SELECT t.spcname FROM pg_catalog.pg_database AS d
            JOIN pg_catalog.pg_tablespace AS t ON (t.oid = d.dattablespace)
            WHERE d.datname = pg_catalog.current_database()) AS db)");
    return sql;
}

const std::string& ties() {
    static const std::string sql = from_the_reach(R"(
SELECT 'tie', h.inhparent, 'child', h.inhrelid, h.inhseqno FROM pg_catalog.pg_inherits AS h
WHERE h.inhparent = ANY (ARRAY(SELECT r.oid FROM reach AS r)) OR (h.inhrelid = ANY (ARRAY(SELECT r.oid FROM reach AS r)))
UNION ALL
SELECT 'tie', d.refobjid, 'view', w.ev_class, 0
FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_rewrite AS w ON (w.oid = d.objid)
WHERE d.classid = 2618 AND d.refclassid = 1259 AND d.refobjid <> w.ev_class
  AND ((d.refobjid = ANY (ARRAY(SELECT r.oid FROM reach AS r))) OR (w.ev_class = ANY (ARRAY(SELECT r.oid FROM reach AS r))))
UNION ALL
SELECT 'tie', d.refobjid, CASE WHEN d.deptype = 'i' THEN 'identity' ELSE 'sequence' END, d.objid, d.refobjsubid
FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_class AS c ON (c.oid = d.objid)
WHERE d.classid = 1259 AND d.refclassid = 1259 AND c.relkind = 'S' AND d.deptype <> 'n'
  AND d.refobjid = ANY (ARRAY(SELECT r.oid FROM reach AS r)))");
    return sql;
}

// A domain's own type is that of its base; format_type looks at no relation. Since PostgreSQL 18 a NOT NULL may be NOT
// VALID, which attnotnull does not tell.
const std::string& columns() {
    static const std::string sql = from_the_reach(R"(
SELECT 'column', a.attrelid, a.attname, a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attcollation,
       a.attnotnull AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_constraint AS k
           WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated AND k.conkey[1] = a.attnum),
       a.atthasdef, a.attgenerated <> '', a.attidentity <> '', a.attinhcount > 0, t.base, t.modifier, a.attnum, a.attgenerated = 'v',
       (SELECT d.description FROM pg_catalog.pg_description AS d
        WHERE d.objoid = a.attrelid AND d.classoid = 1259 AND d.objsubid = a.attnum AND pg_catalog.starts_with(d.description, 'lockkeeper:'))
FROM pg_catalog.pg_attribute AS a, LATERAL (
    WITH RECURSIVE base(oid, modifier) AS (
        SELECT a.atttypid, a.atttypmod
        UNION ALL
        SELECT t.typbasetype, t.typtypmod FROM base AS b JOIN pg_catalog.pg_type AS t ON (t.oid = b.oid)
        WHERE t.typtype = 'd')
    SELECT b.oid AS base, b.modifier FROM base AS b JOIN pg_catalog.pg_type AS t ON (t.oid = b.oid)
    WHERE t.typtype <> 'd') AS t
WHERE a.attrelid = ANY (ARRAY(SELECT r.oid FROM reach AS r WHERE r.owns)) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum)");
    return sql;
}

const std::string& indexes() {
    static const std::string sql = from_the_reach(R"(
SELECT 'index', i.indrelid, i.indexrelid, c.relname, i.indisunique, i.indisprimary, i.indisexclusion, i.indisvalid, i.indisready,
       i.indpred IS NOT NULL, k.conname, h.inhparent, p.key, a.attname
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON (c.oid = i.indexrelid)
LEFT JOIN pg_catalog.pg_constraint AS k ON (k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype <> 'f')
LEFT JOIN pg_catalog.pg_inherits AS h ON (h.inhrelid = i.indexrelid)
CROSS JOIN LATERAL (
    SELECT true AS key, u.ord, u.attnum
    FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS u(attnum, ord)
    UNION ALL
    SELECT false, 1000, d.refobjsubid FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 1259 AND d.objid = i.indexrelid AND d.refclassid = 1259 AND d.refobjid = i.indrelid
      AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) AS p
LEFT JOIN pg_catalog.pg_attribute AS a ON (a.attrelid = i.indrelid AND a.attnum = p.attnum AND a.attnum > 0)
WHERE i.indrelid = ANY (ARRAY(SELECT r.oid FROM reach AS r))
ORDER BY i.indrelid, i.indexrelid, p.ord)");
    return sql;
}

const std::string& constraints() {
    static const std::string sql = from_the_reach(R"(
SELECT 'constraint', k.conrelid, k.oid, k.conname, k.contype, k.convalidated, k.coninhcount > 0, k.confrelid, k.conindid,
       a.attnum, a.attname, CASE WHEN k.contype = 'c' THEN k.conbin::pg_catalog.text END, b.attname
FROM pg_catalog.pg_constraint AS k
LEFT JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey))
    WITH ORDINALITY AS u(attnum, other, ord) ON true
LEFT JOIN pg_catalog.pg_attribute AS a ON (a.attrelid = k.conrelid AND a.attnum = u.attnum)
LEFT JOIN pg_catalog.pg_attribute AS b ON (b.attrelid = k.confrelid AND b.attnum = u.other)
WHERE k.conrelid = ANY (ARRAY(SELECT r.oid FROM reach AS r)) AND k.contype <> 't'
ORDER BY k.conrelid, k.oid, u.ord)");
    return sql;
}

}  // namespace policy::catalog_sql
