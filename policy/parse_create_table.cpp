#include "policy/parse_nodes.hpp"

namespace policy::nodes {
namespace {

void add_referenced(ddl& words, const constraint_words& c) {
    if (c.kind == constraint_kind::foreign_key && c.referenced) words.relations.push_back({*c.referenced, use::referenced});
}

void add_element(ddl& words, const PgQuery__Node& n) {
    switch (n.node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_DEF:
        words.columns.push_back(column_of(*n.column_def));
        for (const auto& c : words.columns.back().constraints) add_referenced(words, c);
        break;
    case PG_QUERY__NODE__NODE_CONSTRAINT:
        words.constraints.push_back(constraint_of(*n.constraint));
        add_referenced(words, words.constraints.back());
        break;
    case PG_QUERY__NODE__NODE_TABLE_LIKE_CLAUSE:
        words.relations.push_back({name_of(n.table_like_clause->relation), use::like});
        break;
    default: break;
    }
}

}  // namespace

ddl create_table_of(const PgQuery__CreateStmt& s) {
    ddl words;
    words.verb = verb::create_table;
    words.kind = object_kind::table;
    words.if_exists = s.if_not_exists;
    words.temporary = s.relation && temporary(*s.relation);
    words.partition_default = s.partbound && s.partbound->is_default;
    words.relations.push_back({name_of(s.relation), use::created});
    for (const auto* n : list(s.inh_relations, s.n_inh_relations))
        if (const auto* parent = range_var(n))
            words.relations.push_back({name_of(parent), s.partbound ? use::partitioned_parent : use::parent});
    for (const auto* n : list(s.table_elts, s.n_table_elts)) add_element(words, *n);
    for (const auto* n : list(s.constraints, s.n_constraints)) add_element(words, *n);
    return words;
}

void add_reads(const PgQuery__Node* query, ddl& words) {
    if (!query) return;
    policy::query q;
    add_relations(*query, q);
    for (auto& r : q.relations) words.relations.push_back(std::move(r));
    words.whole_tables = words.whole_tables || q.whole_tables;
}

ddl create_table_as_of(const PgQuery__IntoClause& into, const PgQuery__Node* query, bool if_not_exists) {
    ddl words;
    words.verb = verb::create_table;
    words.kind = object_kind::table;
    words.if_exists = if_not_exists;
    words.temporary = into.rel && temporary(*into.rel);
    words.with_no_data = into.skip_data;
    words.relations.push_back({name_of(into.rel), use::created});
    add_reads(query, words);
    return words;
}

ddl create_schema_of(const PgQuery__CreateSchemaStmt& s) {
    ddl words;
    words.kind = object_kind::schema;
    words.if_exists = s.if_not_exists;
    for (const auto* n : list(s.schema_elts, s.n_schema_elts)) {
        auto element = ddl_of(*n);
        auto* d = std::get_if<ddl>(&element);
        if (!d || n->node_case == PG_QUERY__NODE__NODE_GRANT_STMT) continue;
        words.verb = verb::create_table;
        for (auto& relation : d->relations) {
            if (relation.as == use::created && relation.name.schema.empty()) relation.name.schema = text(s.schemaname);
            words.relations.push_back(std::move(relation));
        }
    }
    return words;
}

}  // namespace policy::nodes
