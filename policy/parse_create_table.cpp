#include "policy/parse_nodes.hpp"

namespace policy::nodes {
namespace {

// CREATE_TABLE_LIKE_DEFAULTS in parsenodes.h
constexpr std::uint32_t like_defaults = 1u << 3;

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
        words.relations.push_back({name_of(n.table_like_clause->relation),
                                   n.table_like_clause->options & like_defaults ? use::like_with_defaults : use::like});
        break;
    default: break;
    }
}

// One end of a range; false where it is no literal. MINVALUE and MAXVALUE look like columns.
bool take_end(std::span<PgQuery__Node* const> ends, std::optional<std::string>& into) {
    if (ends.size() != 1) return false;
    if (ends[0]->node_case == PG_QUERY__NODE__NODE_COLUMN_REF) return true;
    into = constant(ends[0]);
    return into.has_value();
}

}  // namespace

partition_bound bound_of(const PgQuery__PartitionBoundSpec& s) {
    partition_bound words;
    words.is_default = s.is_default;
    words.range = take_end(list(s.lowerdatums, s.n_lowerdatums), words.lower) &&
                  take_end(list(s.upperdatums, s.n_upperdatums), words.upper);
    return words;
}

ddl create_table_of(const PgQuery__CreateStmt& s) {
    ddl words;
    words.verb = verb::create_table;
    words.kind = object_kind::table;
    words.if_exists = s.if_not_exists;
    words.temporary = s.relation && temporary(*s.relation);
    if (s.partbound) words.bound = bound_of(*s.partbound);
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
