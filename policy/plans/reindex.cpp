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

std::string reason_against(const relation_facts& named, const ddl& d, const context& c) {
    if (named.name.schema == "pg_catalog") return "PostgreSQL cannot rebuild the indexes of system catalogs CONCURRENTLY.";
    if (named.partitioned() && c.session.server_version < 14) return "PostgreSQL 13 rebuilds only the indexes of partitions, one by one.";
    for (const auto* table : tables_of(named, d, c))
        for (const auto& i : table->indexes) {
            if (!is_target(i, named, d)) continue;
            if (i.exclusion) return "PostgreSQL cannot rebuild " + readable(i.name) + ", the index of an exclusion constraint, CONCURRENTLY.";
            if (!i.valid && d.kind == object_kind::table)
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

// The statements that drop what was left behind; what was INVALID before is not ours.
std::string drops_of_leftovers(const ddl& d, const context& c) {
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
        "WHERE " + among + " AND NOT i.indisvalid AND (x.relname OPERATOR(pg_catalog.~) '_cc(new|old)[0-9]*$') "
        "AND NOT (x.oid = ANY (" + oid_array(before) + "))");
}

keyword word_of(const ddl& d) {
    if (!d.schema.empty()) return word("schema");
    return d.kind == object_kind::index ? word("index") : word("table");
}

}  // namespace

proposal reindex(const ddl& d, const context& c) {
    if (!d.relations.empty() && !c.known.catalog().asked) return {};
    if (auto why = reason_against(d, c); !why.empty()) return {std::nullopt, std::move(why)};
    step build;
    build.sql = concurrently_behind(word_of(d), c);
    build.timeouts = timeout_class::online;
    build.why = "reads and writes go on while the indexes are built anew";
    build.undo_from = drops_of_leftovers(d, c);
    plan p;
    p.tag = "REINDEX";
    p.steps.push_back(std::move(build));
    return {std::move(p), {}};
}

}  // namespace policy::plans
