#include "policy/catalog.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "policy/index_name.hpp"
#include "policy/quote.hpp"

namespace policy {
namespace {

// Operators are looked up by search_path like functions: a user's own `=` in front of pg_catalog would be called.
// So that the queries below can be read, they are written with plain operators between blanks.
std::string with_qualified_operators(std::string_view sql) {
    static constexpr std::array<std::string_view, 6> operators{" = ", " <> ", " >= ", " < ", " + ", " - "};
    std::string out;
    for (std::size_t at = 0; at < sql.size();) {
        const auto found = std::find_if(operators.begin(), operators.end(),
                                        [&](std::string_view op) { return sql.substr(at).starts_with(op); });
        if (found == operators.end()) {
            out += sql[at++];
            continue;
        }
        out += " OPERATOR(pg_catalog.";
        out += found->substr(1, found->size() - 2);
        out += ") ";
        at += found->size();
    }
    return out;
}

// The relations by the names that the client wrote. $1: schemas ('' where none is written), $2: names.
//  - A name with a schema is looked up in pg_class and not by to_regclass, which fails where the client may not use
//    that schema; a failure would abort the client's transaction.
//  - pg_table_size waits for whoever holds or awaits ACCESS EXCLUSIVE, so it is not asked there.
//  - Created in this transaction: the row of the system column ctid is written at creation and never again, so its
//    xmin is the transaction, or subtransaction, that created the relation. It is ours where it is not older than our
//    own transaction and still in progress: of the rows in progress only our own are visible. xmin has 32 bits, the
//    rest is taken from the snapshot. An id past the snapshot's end may only be asked of pg_xact_status if it has been
//    given out (a frozen row of two thousand million transactions ago looks like one that has not); there our own lock
//    on the new relation answers. Views have no system columns; their dependency on
//    the schema serves.
constexpr std::string_view relations_sql = R"(
WITH RECURSIVE asked AS (
    SELECT u.ord, u.schema, u.name,
           CASE WHEN u.schema = '' THEN pg_catalog.to_regclass(pg_catalog.quote_ident(u.name))::pg_catalog.oid
                ELSE (SELECT c.oid FROM pg_catalog.pg_class AS c
                      WHERE c.relname = u.name::pg_catalog.name
                        AND c.relnamespace = CASE WHEN u.schema = 'pg_temp' THEN pg_catalog.pg_my_temp_schema()
                            ELSE (SELECT n.oid FROM pg_catalog.pg_namespace AS n
                                  WHERE n.nspname = u.schema::pg_catalog.name) END) END AS oid
    FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
         WITH ORDINALITY AS u(schema, name, ord)),
wanted AS (
    SELECT a.ord, a.schema, a.name, 'self' AS role, a.oid, COALESCE(i.indrelid, a.oid) AS born_with
    FROM asked AS a LEFT JOIN pg_catalog.pg_index AS i ON (i.indexrelid = a.oid)
    UNION ALL
    SELECT a.ord, a.schema, a.name, 'table', i.indrelid, i.indrelid
    FROM asked AS a JOIN pg_catalog.pg_index AS i ON (i.indexrelid = a.oid)),
tree(root, oid) AS (
    SELECT w.oid, w.oid FROM wanted AS w WHERE w.oid IS NOT NULL
    UNION
    SELECT t.root, h.inhrelid FROM tree AS t JOIN pg_catalog.pg_inherits AS h ON (h.inhparent = t.oid)),
locked AS MATERIALIZED (
    SELECT l.relation FROM pg_catalog.pg_locks AS l
    WHERE l.mode = 'AccessExclusiveLock' AND (l.pid IS NULL OR (l.pid <> pg_catalog.pg_backend_pid()))
      AND l.database = (SELECT d.oid FROM pg_catalog.pg_database AS d
                        WHERE d.datname = pg_catalog.current_database())),
sized AS (
    SELECT t.root, t.oid, EXISTS (SELECT FROM locked AS l WHERE l.relation = t.oid) AS busy FROM tree AS t),
me AS (
    SELECT pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text::pg_catalog.int8 AS xid,
           pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8 AS next),
marked AS (
    SELECT w.ord, w.role, w.born_with, COALESCE(
        (SELECT a.xmin FROM pg_catalog.pg_attribute AS a WHERE (a.attrelid = w.born_with) AND (a.attnum = -1)),
        (SELECT d.xmin FROM pg_catalog.pg_depend AS d
         WHERE (d.classid = 1259) AND (d.objid = w.born_with) AND (d.objsubid = 0) AND (d.refclassid = 2615) LIMIT 1)
        )::pg_catalog.text::pg_catalog.int8 AS xmin
    FROM wanted AS w),
born AS (
    SELECT m.ord, m.role, m.born_with,
           (me.next + pg_catalog.mod((m.xmin - pg_catalog.mod(me.next, 4294967296)) + 6442450944, 4294967296))
               - 2147483648 AS xid
    FROM marked AS m, me)
SELECT w.schema, w.name, w.role, w.oid, n.nspname, c.relname, c.relkind, c.relpersistence,
       COALESCE(CASE WHEN me.xid IS NULL OR (b.xid < me.xid) THEN false
            WHEN b.xid < me.next THEN
                pg_catalog.pg_xact_status(b.xid::pg_catalog.text::pg_catalog.xid8) = 'in progress'
            ELSE (b.xid < (me.next + 10000000)) AND EXISTS (SELECT FROM pg_catalog.pg_locks AS l
                         WHERE (l.relation = w.born_with) AND (l.pid = pg_catalog.pg_backend_pid())
                           AND (l.mode = 'AccessExclusiveLock') AND l.granted) END, false),
       (SELECT CASE WHEN pg_catalog.bool_or(s.busy) THEN NULL
               ELSE pg_catalog.sum(CASE WHEN s.busy THEN NULL
                                   ELSE pg_catalog.pg_table_size(s.oid::pg_catalog.regclass) END) END
        FROM sized AS s WHERE s.root = w.oid)
FROM wanted AS w
JOIN born AS b ON ((b.ord = w.ord) AND (b.role = w.role)) CROSS JOIN me
LEFT JOIN pg_catalog.pg_class AS c ON (c.oid = w.oid)
LEFT JOIN pg_catalog.pg_namespace AS n ON (n.oid = c.relnamespace)
ORDER BY w.ord, w.role)";

// Relations that have a name which a new index wants; an index stands in its table's schema.
// $1, $2: schema and name of the table, $3: name of the index.
//  - pg_get_indexdef looks at the table and would wait for ACCESS EXCLUSIVE.
//  - CREATE INDEX CONCURRENTLY holds SHARE UPDATE EXCLUSIVE on the table from begin to end (VACUUM does, too).
constexpr std::string_view names_sql = R"(
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
                        WHERE d.datname = pg_catalog.current_database()))
SELECT a.schema, a.name, a.index, COALESCE(i.indrelid = a.oid, false), COALESCE(i.indisvalid, true),
       EXISTS (SELECT FROM locks AS l
               WHERE (l.relation = a.oid) AND (l.mode = 'ShareUpdateExclusiveLock') AND l.granted),
       CASE WHEN EXISTS (SELECT FROM locks AS l WHERE (l.relation = a.oid) AND (l.mode = 'AccessExclusiveLock'))
            THEN NULL ELSE pg_catalog.pg_get_indexdef(i.indexrelid) END
FROM asked AS a
JOIN pg_catalog.pg_class AS t ON (t.oid = a.oid)
JOIN pg_catalog.pg_class AS c ON ((c.relnamespace = t.relnamespace) AND (c.relname = a.index::pg_catalog.name))
LEFT JOIN pg_catalog.pg_index AS i ON (i.indexrelid = c.oid))";

// How many names for an index without one are tried: PostgreSQL counts on without end.
constexpr std::size_t name_attempts = 20;

class question {
public:
    void about(const std::vector<statement>& statements) {
        for (const auto& s : statements) about(s);
    }

    std::vector<catalog_query> queries() const {
        static const std::string relations = with_qualified_operators(relations_sql);
        static const std::string names = with_qualified_operators(names_sql);
        std::vector<catalog_query> out;
        if (schemas_.empty()) return out;
        out.push_back({relations, {array_literal(schemas_), array_literal(names_)}});
        if (!index_names_.empty())
            out.push_back({names, {array_literal(index_schemas_), array_literal(index_tables_), array_literal(index_names_)}});
        return out;
    }

private:
    void about(const statement& s) {
        if (const auto* i = std::get_if<create_index>(&s.what)) about(*i);
        if (const auto* a = std::get_if<alter_table>(&s.what)) about(*a);
        if (const auto* r = std::get_if<renaming>(&s.what)) about(r->relation);
        // LOCK TABLE is not asked about: in a REPEATABLE READ transaction it comes before the snapshot is taken, on
        // purpose, and a query of ours would take it.
        if (const auto* d = std::get_if<ddl>(&s.what); d && d->verb != verb::lock)
            for (const auto& r : d->relations) about(r.name);
    }

    void about(const create_index& i) {
        about(i.table);
        if (i.concurrently) return;
        const auto names = i.name.empty() ? index_names(i.table.name, i.name_parts, name_attempts) : std::vector{i.name};
        for (const auto& name : names) {
            index_schemas_.push_back(i.table.schema);
            index_tables_.push_back(i.table.name);
            index_names_.push_back(name);
        }
    }

    void about(const alter_table& a) {
        about(a.relation);
        for (const auto& step : a.steps) {
            if (step.partner) about(*step.partner);
            if (step.constraint && step.constraint->referenced) about(*step.constraint->referenced);
            if (!step.column) continue;
            for (const auto& c : step.column->constraints)
                if (c.referenced) about(*c.referenced);
        }
    }

    void about(const relation_name& r) {
        if (r.name.empty()) return;
        for (std::size_t i = 0; i < names_.size(); ++i)
            if (names_[i] == r.name && schemas_[i] == r.schema) return;
        schemas_.push_back(r.schema);
        names_.push_back(r.name);
    }

    std::vector<std::string> schemas_, names_;
    std::vector<std::string> index_schemas_, index_tables_, index_names_;
};

const std::string& text_at(const catalog_row& row, std::size_t column) {
    static const std::string empty;
    return column < row.size() && row[column] ? *row[column] : empty;
}

bool true_at(const catalog_row& row, std::size_t column) { return text_at(row, column) == "t"; }

template <class Number>
std::optional<Number> number_at(const catalog_row& row, std::size_t column) {
    const auto& text = text_at(row, column);
    Number value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

relation_facts facts_of(const catalog_row& row) {
    relation_facts facts;
    facts.known = true;
    const auto oid = number_at<std::uint32_t>(row, 3);
    facts.exists = oid.has_value();
    if (!oid) return facts;
    facts.oid = *oid;
    facts.name = {text_at(row, 4), text_at(row, 5)};
    facts.kind = text_at(row, 6).empty() ? '\0' : text_at(row, 6).front();
    facts.temporary = text_at(row, 7) == "t";
    facts.created_here = true_at(row, 8);
    facts.size = number_at<std::uint64_t>(row, 9);
    return facts;
}

void read_relations(const catalog_rows& rows, catalog_facts& facts) {
    for (const auto& row : rows) {
        const relation_name written{text_at(row, 0), text_at(row, 1)};
        if (text_at(row, 2) == "self") {
            facts.relations.push_back({written, facts_of(row), std::nullopt});
        } else if (!facts.relations.empty() && facts.relations.back().written == written) {
            facts.relations.back().table = facts_of(row);
        }
    }
}

void read_names(const catalog_rows& rows, catalog_facts& facts) {
    for (const auto& row : rows) {
        taken_name taken{{text_at(row, 0), text_at(row, 1)}, text_at(row, 2), true_at(row, 3), true_at(row, 4),
                         true_at(row, 5), std::nullopt};
        if (row.size() > 6) taken.definition = row[6];
        facts.taken.push_back(std::move(taken));
    }
}

}  // namespace

std::vector<catalog_query> catalog_queries(const script::parsed& text, const session_facts&) {
    if (text.harmless || text.unreadable) return {};
    question q;
    q.about(text.statements);
    q.about(text.other_reading);
    return q.queries();
}

catalog_facts read_catalog(std::span<const catalog_rows> answers) {
    catalog_facts facts;
    facts.asked = !answers.empty();
    if (!answers.empty()) read_relations(answers[0], facts);
    if (answers.size() > 1) read_names(answers[1], facts);
    return facts;
}

}  // namespace policy
