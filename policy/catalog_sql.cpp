#include "policy/catalog_sql.hpp"

#include <string_view>

#include "policy/qualified_sql.hpp"

namespace policy::catalog_sql {
namespace {

// All is one query, so that what is reached is found once; each row is its kind and its values as those of a record. The
// planner takes a recursive query for large, and would have it compiled (jit_above_cost), which takes seconds: arrays keep
// its guesses small, and so does x - x = 0, which is always true and which it believes to be rare.
//
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
         WITH ORDINALITY AS u(schema, name, ord)
    WHERE u.ord - u.ord = 0))";

// Where to go on from a relation is a column each: to its children, its parents, along foreign keys, to the views above
// it, to what it reads as a view, to the sequences that it owns. 1259 is pg_class, 2606 pg_constraint, 2618 pg_rewrite.
constexpr std::string_view reach = R"(,
reach(oid, down, up, keys, above, below, owns) AS (
    SELECT s.oid, true, true, true, true, true, true FROM (
        SELECT a.oid FROM asked AS a WHERE a.oid IS NOT NULL
        UNION ALL SELECT i.indrelid FROM asked AS a JOIN pg_catalog.pg_index AS i ON (i.indexrelid = a.oid)) AS s
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

// What there is to say of them at all. pg_table_size waits for whoever holds or awaits ACCESS EXCLUSIVE, so it is not asked
// there.
constexpr std::string_view sizes = R"(,
tree(root, oid) AS (
    SELECT c.oid, c.oid FROM pg_catalog.pg_class AS c
    WHERE c.oid = ANY (ARRAY(SELECT r.oid FROM reach AS r)) AND c.relpages - c.relpages = 0
    UNION
    SELECT t.root, h.inhrelid FROM tree AS t JOIN pg_catalog.pg_inherits AS h ON (h.inhparent = t.oid)),
locked AS MATERIALIZED (
    SELECT l.relation FROM pg_catalog.pg_locks AS l
    WHERE l.mode = 'AccessExclusiveLock' AND (l.pid IS NULL OR (l.pid <> pg_catalog.pg_backend_pid()))
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                        WHERE d.datname = pg_catalog.current_database())),
sized AS MATERIALIZED (
    SELECT t.root, CASE WHEN EXISTS (SELECT FROM locked AS l WHERE l.relation = t.oid) THEN NULL
                   ELSE pg_catalog.pg_table_size(t.oid::pg_catalog.regclass) END AS bytes
    FROM tree AS t))";

// Created in this transaction: the row of the system column ctid is written at creation and never again, so its xmin is
// the transaction, or subtransaction, that created the relation. It is ours where it is not older than our own
// transaction and still in progress: of the rows in progress only our own are visible. xmin has 32 bits, the rest is
// taken from the snapshot. An id past the snapshot's end may only be asked of pg_xact_status if it has been given out (a
// frozen row of two thousand million transactions ago looks like one that has not); there our own lock on the new relation
// answers. Views have no system columns; their dependency on the schema serves.
constexpr std::string_view marked = R"(,
wanted AS (
    SELECT r.oid, i.indrelid, COALESCE(i.indrelid, r.oid) AS born_with
    FROM (SELECT DISTINCT r.oid FROM reach AS r) AS r LEFT JOIN pg_catalog.pg_index AS i ON (i.indexrelid = r.oid)),
marked AS (
    SELECT w.oid, w.indrelid, w.born_with, COALESCE(
        (SELECT a.xmin FROM pg_catalog.pg_attribute AS a WHERE (a.attrelid = w.born_with) AND (a.attnum = -1)),
        (SELECT d.xmin FROM pg_catalog.pg_depend AS d
         WHERE (d.classid = 1259) AND (d.objid = w.born_with) AND (d.objsubid = 0) AND (d.refclassid = 2615) LIMIT 1)
        )::pg_catalog.text::pg_catalog.int8 AS xmin
    FROM wanted AS w))";

std::string births() {
    return ",\nme AS MATERIALIZED (" + std::string(own_transaction) + ")" + std::string(marked) +
           ",\nborn AS (SELECT m.oid, m.indrelid, m.born_with, me.xid AS my_xid, me.next, " + whole_xid("m.xmin") +
           " AS xid FROM marked AS m, me)";
}

// Each branch: kind, three numbers to sort by within the kind, and the values.
constexpr std::string_view names = R"(
SELECT 1, 'name', a.ord, 0, 0, ROW(a.schema, a.name, a.oid,
       (SELECT i.indrelid FROM pg_catalog.pg_index AS i WHERE i.indexrelid = a.oid))::pg_catalog.text
FROM asked AS a)";

constexpr std::string_view relations = R"(
SELECT 2, 'relation', 0, 0, 0, ROW(c.oid,
       (SELECT n.nspname FROM pg_catalog.pg_namespace AS n WHERE n.oid = c.relnamespace), c.relname, c.relkind, c.relpersistence,
       COALESCE(CASE WHEN b.my_xid IS NULL OR (b.xid < b.my_xid) THEN false
            WHEN b.xid < b.next THEN
                pg_catalog.pg_xact_status(b.xid::pg_catalog.text::pg_catalog.xid8) = 'in progress'
            ELSE (b.xid < (b.next + 10000000)) AND EXISTS (SELECT FROM pg_catalog.pg_locks AS l
                         WHERE (l.relation = b.born_with) AND (l.pid = pg_catalog.pg_backend_pid())
                           AND (l.mode = 'AccessExclusiveLock') AND l.granted) END, false),
       (SELECT CASE WHEN pg_catalog.bool_or(s.bytes IS NULL) THEN NULL ELSE pg_catalog.sum(s.bytes) END
        FROM sized AS s WHERE s.root = c.oid),
       CASE WHEN c.reltuples < 0::pg_catalog.float4 THEN NULL ELSE c.reltuples END, c.relispartition,
       (SELECT p.partdefid FROM pg_catalog.pg_partitioned_table AS p WHERE p.partrelid = c.oid),
       b.indrelid, c.relreplident,
       EXISTS (SELECT FROM pg_catalog.pg_publication_rel AS p WHERE p.prrelid = c.oid)
           OR EXISTS (SELECT FROM pg_catalog.pg_publication AS p WHERE p.puballtables),
       c.relpages, (SELECT m.amname FROM pg_catalog.pg_am AS m WHERE m.oid = c.relam),
       (SELECT t.spcname FROM pg_catalog.pg_tablespace AS t WHERE t.oid = CASE WHEN c.reltablespace <> 0 THEN c.reltablespace
            ELSE (SELECT d.dattablespace FROM pg_catalog.pg_database AS d
                  WHERE d.datname = pg_catalog.current_database()) END),
       c.relowner::pg_catalog.regrole, pg_catalog.current_setting('default_statistics_target'),
       (SELECT p.partattrs[0] FROM pg_catalog.pg_partitioned_table AS p
         WHERE p.partrelid = c.oid AND (p.partstrat = 'r' OR (p.partstrat = 'l')) AND p.partnatts = 1), c.relispopulated,
       pg_catalog.concat(CASE WHEN c.relrowsecurity THEN 's' END, CASE WHEN c.relforcerowsecurity THEN 'f' END,
           (SELECT 'r' FROM pg_catalog.pg_rewrite AS w
             WHERE w.ev_class = c.oid AND c.relkind <> 'v' AND (w.ev_type = '2' OR (w.ev_type = '4')) LIMIT 1),
           (SELECT pg_catalog.concat(CASE WHEN pg_catalog.bool_or((g.tgtype OPERATOR(pg_catalog.&) 16::pg_catalog.int2) <> 0) THEN 'u' END,
                                     CASE WHEN pg_catalog.bool_or(((g.tgtype OPERATOR(pg_catalog.&) 16::pg_catalog.int2) <> 0)
                                                                  AND g.tgattr::pg_catalog.text = '') THEN 'a' END,
                                     CASE WHEN pg_catalog.bool_or((g.tgtype OPERATOR(pg_catalog.&) 8::pg_catalog.int2) <> 0) THEN 'd' END)
              FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal AND g.tgenabled <> 'D')))::pg_catalog.text
FROM born AS b JOIN pg_catalog.pg_class AS c ON (c.oid = b.oid))";

// From, what, to.
constexpr std::string_view ties = R"(
SELECT 3, 'tie', h.inhparent::pg_catalog.int8, h.inhseqno, h.inhrelid::pg_catalog.int8,
       ROW(h.inhparent, 'child', h.inhrelid, h.inhseqno)::pg_catalog.text FROM pg_catalog.pg_inherits AS h
WHERE h.inhparent = ANY (ARRAY(SELECT r.oid FROM reach AS r)) OR (h.inhrelid = ANY (ARRAY(SELECT r.oid FROM reach AS r)))
UNION ALL
SELECT 3, 'tie', d.refobjid::pg_catalog.int8, 0, w.ev_class::pg_catalog.int8,
       ROW(d.refobjid, 'view', w.ev_class, 0)::pg_catalog.text
FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_rewrite AS w ON (w.oid = d.objid)
WHERE d.classid = 2618 AND d.refclassid = 1259 AND d.refobjid <> w.ev_class AND d.refobjid = ANY (ARRAY(SELECT r.oid FROM reach AS r))
UNION ALL
SELECT 3, 'tie', d.refobjid::pg_catalog.int8, 0, w.ev_class::pg_catalog.int8,
       ROW(d.refobjid, 'view', w.ev_class, 0)::pg_catalog.text
FROM pg_catalog.pg_rewrite AS w JOIN pg_catalog.pg_depend AS d ON (d.objid = w.oid)
WHERE d.classid = 2618 AND d.refclassid = 1259 AND d.refobjid <> w.ev_class AND w.ev_class = ANY (ARRAY(SELECT r.oid FROM reach AS r))
UNION ALL
SELECT 3, 'tie', d.refobjid::pg_catalog.int8, d.refobjsubid, d.objid::pg_catalog.int8,
       ROW(d.refobjid, CASE WHEN d.deptype = 'i' THEN 'identity' ELSE 'sequence' END, d.objid, d.refobjsubid)::pg_catalog.text
FROM pg_catalog.pg_depend AS d JOIN pg_catalog.pg_class AS c ON (c.oid = d.objid)
WHERE d.classid = 1259 AND d.refclassid = 1259 AND c.relkind = 'S' AND d.deptype <> 'n'
  AND d.refobjid = ANY (ARRAY(SELECT r.oid FROM reach AS r)))";

// Of the named and their children. A domain's own type is that of its base; format_type looks at no relation. Since
// PostgreSQL 18 a NOT NULL may be NOT VALID, which attnotnull does not tell.
constexpr std::string_view columns = R"(
SELECT 4, 'column', a.attrelid::pg_catalog.int8, a.attnum, 0, ROW(
       a.attrelid, a.attname, a.atttypid, a.atttypmod, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attcollation,
       a.attnotnull AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_constraint AS k
           WHERE k.conrelid = a.attrelid AND k.contype = 'n' AND NOT k.convalidated AND k.conkey[1] = a.attnum),
       a.atthasdef, a.attgenerated <> '', a.attidentity <> '', a.attinhcount > 0, t.base[1], t.base[2], a.attnum, a.attgenerated = 'v',
       (SELECT d.description FROM pg_catalog.pg_description AS d
        WHERE d.objoid = a.attrelid AND d.classoid = 1259 AND d.objsubid = a.attnum
          AND pg_catalog.starts_with(d.description, 'lockkeeper:')))::pg_catalog.text
FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_type AS y ON (y.oid = a.atttypid), LATERAL (
    SELECT CASE WHEN y.typtype <> 'd' THEN ARRAY[a.atttypid::pg_catalog.int8, a.atttypmod] ELSE (
        WITH RECURSIVE domain(oid, modifier) AS (
            SELECT y.typbasetype, y.typtypmod
            UNION ALL
            SELECT t.typbasetype, t.typtypmod FROM domain AS d JOIN pg_catalog.pg_type AS t ON (t.oid = d.oid)
            WHERE t.typtype = 'd')
        SELECT ARRAY[d.oid::pg_catalog.int8, d.modifier] FROM domain AS d JOIN pg_catalog.pg_type AS t ON (t.oid = d.oid)
        WHERE t.typtype <> 'd') END AS base) AS t
WHERE a.attrelid = ANY (ARRAY(SELECT r.oid FROM reach AS r WHERE r.owns)) AND a.attnum > 0 AND NOT a.attisdropped)";

// A row for each column: of the key in its order, then those in expressions and the predicate.
constexpr std::string_view indexes = R"(
SELECT 5, 'index', i.indrelid::pg_catalog.int8, i.indexrelid::pg_catalog.int8, p.ord, ROW(
       i.indrelid, i.indexrelid, c.relname, i.indisunique, i.indisprimary, i.indisexclusion, i.indisvalid, i.indisready,
       i.indpred IS NOT NULL,
       (SELECT k.conname FROM pg_catalog.pg_constraint AS k
         WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid AND k.contype <> 'f' LIMIT 1),
       (SELECT h.inhparent FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = i.indexrelid LIMIT 1), p.key,
       (SELECT a.attname FROM pg_catalog.pg_attribute AS a
         WHERE a.attrelid = i.indrelid AND a.attnum = p.attnum AND a.attnum > 0))::pg_catalog.text
FROM pg_catalog.pg_index AS i
JOIN pg_catalog.pg_class AS c ON (c.oid = i.indexrelid)
CROSS JOIN LATERAL (
    SELECT true AS key, u.ord, u.attnum
    FROM pg_catalog.unnest(i.indkey::pg_catalog.int2[]) WITH ORDINALITY AS u(attnum, ord)
    UNION ALL
    SELECT false, 1000, d.refobjsubid FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 1259 AND d.objid = i.indexrelid AND d.refclassid = 1259 AND d.refobjid = i.indrelid
      AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)) AS p
WHERE i.indrelid = ANY (ARRAY(SELECT r.oid FROM reach AS r)))";

// A row for each column.
constexpr std::string_view constraints = R"(
SELECT 6, 'constraint', k.conrelid::pg_catalog.int8, k.oid::pg_catalog.int8, u.ord, ROW(
       k.conrelid, k.oid, k.conname, k.contype, k.convalidated, k.coninhcount > 0, k.confrelid, k.conindid, u.attnum,
       (SELECT a.attname FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = k.conrelid AND a.attnum = u.attnum),
       CASE WHEN k.contype = 'c' THEN k.conbin::pg_catalog.text END,
       (SELECT b.attname FROM pg_catalog.pg_attribute AS b WHERE b.attrelid = k.confrelid AND b.attnum = u.other))::pg_catalog.text
FROM pg_catalog.pg_constraint AS k
LEFT JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey))
    WITH ORDINALITY AS u(attnum, other, ord) ON true
WHERE k.conrelid = ANY (ARRAY(SELECT r.oid FROM reach AS r)) AND k.contype <> 't')";

}  // namespace

const std::string_view own_transaction = R"(
    SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text::pg_catalog.int8 AS xid,
           pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 AS next)";

std::string whole_xid(std::string_view xmin) {
    return "((me.next + pg_catalog.mod((" + std::string(xmin) +
           " - pg_catalog.mod(me.next, 4294967296)) + 6442450944, 4294967296)) - 2147483648)";
}

const std::string& relations_named() {
    static const std::string sql = [] {
        std::string all;
        for (const auto branch : {names, relations, ties, columns, indexes, constraints}) {
            if (!all.empty()) all += "\nUNION ALL";
            all += branch;
        }
        return with_qualified_operators(std::string(asked) + std::string(reach) + std::string(sizes) + births() +
                                        "\nSELECT f.kind, f.facts FROM (" + all +
                                        ") AS f(rank, kind, a, b, c, facts) ORDER BY f.rank, f.a, f.b, f.c");
    }();
    return sql;
}

}  // namespace policy::catalog_sql
