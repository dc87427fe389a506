#include "policy/parse_nodes.hpp"

// Statements that empty tables, lock them, or keep them in shape.
namespace policy::nodes {

ddl truncate_of(const PgQuery__TruncateStmt& s) {
    ddl words;
    words.verb = verb::truncate;
    words.kind = object_kind::table;
    words.cascade = s.behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
    words.restart_identity = s.restart_seqs;
    for (const auto* n : list(s.relations, s.n_relations)) words.relations.push_back(target_of(range_var(n)));
    return words;
}

ddl lock_of(const PgQuery__LockStmt& s) {
    ddl words;
    words.verb = verb::lock;
    words.kind = object_kind::table;
    // The grammar gives PostgreSQL's own numbers: 1 is ACCESS SHARE, 8 is ACCESS EXCLUSIVE.
    words.mode = static_cast<lock_mode>(s.mode);
    for (const auto* n : list(s.relations, s.n_relations)) words.relations.push_back(target_of(range_var(n)));
    return words;
}

words reindex_of(const PgQuery__ReindexStmt& s) {
    ddl words;
    words.verb = verb::reindex;
    words.concurrently = option_is_on(list(s.params, s.n_params), "concurrently");
    words.transactional = !words.concurrently;
    switch (s.kind) {
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_INDEX: words.kind = object_kind::index; break;
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_TABLE: words.kind = object_kind::table; break;
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SCHEMA: 
        words.schema = text(s.name);
        words.reach = "every table of schema " + words.schema;
        break;
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_SYSTEM: words.reach = "every system catalog"; break;
    case PG_QUERY__REINDEX_OBJECT_TYPE__REINDEX_OBJECT_DATABASE: words.reach = "every table of the database"; break;
    default: return unmodelled{"REINDEX"};
    }
    if (s.relation) words.relations.push_back({name_of(s.relation), use::target});
    if (!words.reach.empty()) words.transactional = false;
    return words;
}

ddl vacuum_of(const PgQuery__VacuumStmt& s) {
    ddl words;
    const auto options = list(s.options, s.n_options);
    words.verb = !s.is_vacuumcmd ? verb::analyze : option_is_on(options, "full") ? verb::vacuum_full : verb::vacuum;
    words.kind = object_kind::table;
    words.transactional = !s.is_vacuumcmd;
    for (const auto* n : list(s.rels, s.n_rels))
        if (n->node_case == PG_QUERY__NODE__NODE_VACUUM_RELATION)
            words.relations.push_back(target_of(n->vacuum_relation->relation));
    for (PgQuery__Node* const& o : options)
        if (o->node_case == PG_QUERY__NODE__NODE_DEF_ELEM && option_is_on({&o, 1}, text(o->def_elem->defname)))
            words.options.push_back(text(o->def_elem->defname));
        else if (o->node_case == PG_QUERY__NODE__NODE_DEF_ELEM)
            words.options.push_back("no " + text(o->def_elem->defname));
    if (words.relations.empty()) words.reach = "every table of the database";
    return words;
}

ddl cluster_of(const PgQuery__ClusterStmt& s) {
    if (s.relation) {
        auto one = on(verb::cluster, object_kind::table, s.relation);
        one.index = text(s.indexname);
        return one;
    }
    ddl words;
    words.verb = verb::cluster;
    words.reach = "every table that was clustered before";
    words.transactional = false;
    return words;
}

ddl refresh_of(const PgQuery__RefreshMatViewStmt& s) {
    auto words = on(verb::refresh, object_kind::materialized_view, s.relation);
    words.concurrently = s.concurrent;
    words.with_no_data = s.skip_data;
    return words;
}

}  // namespace policy::nodes
