#include <algorithm>

#include "policy/plans/concurrently.hpp"
#include "policy/qualified_sql.hpp"
#include "policy/quote.hpp"

// REINDEX with CONCURRENTLY. Stopped halfway it leaves INVALID indexes behind whose names end with _ccnew (or _ccold); the
// manual's cure is to drop them (REINDEX, "Rebuilding Indexes Concurrently").
namespace policy::plans {
namespace {

// The tables whose indexes are built anew.
std::vector<const relation_facts*> tables_of(const relation_facts& named, const ddl& d, const context& c) {
    const auto* first = c.known.reached(d.kind == object_kind::index ? named.table : named.oid);
    std::vector<const relation_facts*> out;
    if (first) out.push_back(first);
    for (std::size_t i = 0; i < out.size(); ++i)
        for (const auto oid : out[i]->partitioned() ? out[i]->children : std::vector<std::uint32_t>{})
            if (const auto* child = c.known.reached(oid)) out.push_back(child);
    return out;
}

bool is_target(const index_facts& i, const relation_facts& named, const ddl& d) noexcept {
    return d.kind == object_kind::table || i.oid == named.oid;
}

// i_ccnew and i_ccold2 of an index i that is whole.
bool is_leftover(const index_facts& invalid, const relation_facts& table) {
    const auto suffix = invalid.name.rfind("_cc");
    if (suffix == std::string::npos) return false;
    const auto base = std::string_view(invalid.name).substr(0, suffix);
    return std::any_of(table.indexes.begin(), table.indexes.end(), [&](const index_facts& i) {
        return i.valid && i.name.starts_with(base) && i.columns == invalid.columns && i.unique == invalid.unique;
    });
}

std::string reason_against(const relation_facts& named, const ddl& d, const context& c) {
    if (named.name.schema == "pg_catalog") return "PostgreSQL cannot rebuild the indexes of system catalogs CONCURRENTLY.";
    if (named.partitioned() && c.session.server_version < 14) return "PostgreSQL 13 rebuilds only the indexes of partitions, one by one.";
    for (const auto* table : tables_of(named, d, c))
        for (const auto& i : table->indexes) {
            if (!is_target(i, named, d)) continue;
            if (i.exclusion) return "PostgreSQL cannot rebuild " + readable(i.name) + ", the index of an exclusion constraint, CONCURRENTLY.";
            if (!i.valid && d.kind == object_kind::table && !is_leftover(i, *table))
                return "REINDEX TABLE CONCURRENTLY leaves out the index " + readable(i.name) + ", which is INVALID. Drop it, or rebuild it with "
                       "REINDEX INDEX, first.";
        }
    return {};
}

std::string reason_against(const ddl& d, const context& c) {
    if (d.relations.empty() && d.schema.empty())
        return "It rebuilds the indexes of system catalogs, too, which PostgreSQL cannot do CONCURRENTLY. Rebuild those of one "
               "schema or table at a time.";
    if (d.schema == "pg_catalog") return "PostgreSQL cannot rebuild the indexes of system catalogs CONCURRENTLY.";
    for (const auto& r : d.relations)
        if (auto why = reason_against(c.known.relation(r.name), d, c); !why.empty()) return why;
    return not_alone(c);
}

enum class whose { of_this_run, of_earlier_runs };

// Same definition, and the name that PostgreSQL makes from the other one's: it can only be left from a REINDEX. Whoever is
// at one now holds SHARE UPDATE EXCLUSIVE on the table until it has ended, and DROP INDEX CONCURRENTLY waits for that.
constexpr std::string_view copy_of_another = R"(EXISTS (
    SELECT FROM pg_catalog.pg_index AS o JOIN pg_catalog.pg_class AS y ON (y.oid = o.indexrelid)
    WHERE o.indrelid = i.indrelid AND o.indisvalid AND o.indisunique = i.indisunique
      AND pg_catalog.starts_with(y.relname::pg_catalog.text, pg_catalog.regexp_replace(x.relname::pg_catalog.text, '_cc(new|old)[0-9]*$', ''))
      AND pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(o.indexrelid), '^.* USING ', '') = pg_catalog.regexp_replace(pg_catalog.pg_get_indexdef(i.indexrelid), '^.* USING ', '')))";

// The statements that drop what was left behind; of this run: what was INVALID before is not ours.
std::string drops_of_leftovers(const ddl& d, const context& c, whose left) {
    std::vector<std::uint32_t> tables, before;
    for (const auto& r : d.relations)
        for (const auto* table : tables_of(c.known.relation(r.name), d, c)) {
            tables.push_back(table->oid);
            for (const auto& i : table->indexes)
                if (!i.valid) before.push_back(i.oid);
        }
    const auto among = d.schema.empty() ? "t.oid = ANY (" + oid_array(tables) + ")"
                                        : "t.relnamespace = (SELECT s.oid FROM pg_catalog.pg_namespace AS s WHERE s.nspname = " +
                                              literal(d.schema) + "::pg_catalog.name)";
    return with_qualified_operators(
        "SELECT pg_catalog.format('DROP INDEX CONCURRENTLY IF EXISTS %I.%I', n.nspname, x.relname) FROM pg_catalog.pg_class AS t "
        "JOIN pg_catalog.pg_index AS i ON (i.indrelid = t.oid OR (i.indrelid = t.reltoastrelid)) "
        "JOIN pg_catalog.pg_class AS x ON (x.oid = i.indexrelid) JOIN pg_catalog.pg_namespace AS n ON (n.oid = x.relnamespace) "
        "WHERE " + among + " AND NOT i.indisvalid AND (x.relname OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$') AND " +
        (left == whose::of_this_run ? "NOT (x.oid = ANY (" + oid_array(before) + "))" : std::string(copy_of_another)));
}

keyword word_of(const ddl& d) {
    if (!d.schema.empty()) return word("schema");
    return d.kind == object_kind::index ? word("index") : word("table");
}

}  // namespace

proposal reindex(const ddl& d, const context& c) {
    if (!d.relations.empty() && !c.known.catalog().asked) return {};
    if (auto why = reason_against(d, c); !why.empty()) return {std::nullopt, std::move(why)};
    step clear;
    clear.sql_from = drops_of_leftovers(d, c, whose::of_earlier_runs);
    clear.timeouts = timeout_class::online;
    clear.why = "an earlier REINDEX was stopped and left them INVALID";
    step build;
    build.sql = concurrently_behind(word_of(d), c);
    build.timeouts = timeout_class::online;
    build.why = "reads and writes go on while the indexes are built anew";
    build.undo_from = drops_of_leftovers(d, c, whose::of_this_run);
    plan p;
    p.tag = "REINDEX";
    p.steps.push_back(std::move(clear));
    p.steps.push_back(std::move(build));
    return {std::move(p), {}};
}

}  // namespace policy::plans
