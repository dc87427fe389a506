#include "policy/parse.hpp"
#include "policy/parse_nodes.hpp"

namespace policy::nodes {
namespace {

ddl view_of(const PgQuery__ViewStmt& s) {
    ddl words;
    words.verb = s.replace ? verb::replace_view : verb::create_view;
    words.kind = object_kind::view;
    words.temporary = s.view && temporary(*s.view);
    words.replaces = s.replace;
    words.relations.push_back({name_of(s.view), s.replace ? use::target : use::created});
    add_reads(s.query, words);
    return words;
}

ddl trigger_of(const PgQuery__CreateTrigStmt& s) {
    auto words = on(verb::create_trigger, object_kind::trigger, s.relation);
    if (s.constrrel) words.relations.push_back({name_of(s.constrrel), use::like});
    return words;
}

// OWNED BY table.column
void add_owner(std::span<PgQuery__Node* const> options, ddl& words) {
    for (const auto* n : options) {
        if (n->node_case != PG_QUERY__NODE__NODE_DEF_ELEM || text(n->def_elem->defname) != "owned_by") continue;
        auto names = names_of(n->def_elem->arg);
        if (names.size() < 2) continue;  // NONE
        names.pop_back();
        words.relations.push_back({relation_of(names), use::like});
    }
}

void add_body(const std::string& sql, ddl& words) {
    for (const auto& s : parse(sql, true))
        if (const auto* q = std::get_if<query>(&s.what))
            words.relations.insert(words.relations.end(), q->relations.begin(), q->relations.end());
}

// A table's row type as a parameter: the table is looked at.
void add_row_type(const PgQuery__TypeName* t, ddl& words) {
    const auto type = type_of(t);
    if (type.schema != "pg_catalog" && !type.name.empty()) words.relations.push_back({{type.schema, type.name}, use::row_type});
}

ddl sequence_of(const PgQuery__CreateSeqStmt& s) {
    ddl words;
    words.verb = verb::create_sequence;
    words.kind = object_kind::sequence;
    words.if_exists = s.if_not_exists;
    words.temporary = s.sequence && temporary(*s.sequence);
    words.relations.push_back({name_of(s.sequence), use::created});
    add_owner(list(s.options, s.n_options), words);
    return words;
}

ddl alter_sequence_of(const PgQuery__AlterSeqStmt& s) {
    auto words = on(verb::alter_sequence, object_kind::sequence, s.sequence);
    add_owner(list(s.options, s.n_options), words);
    return words;
}

// A policy's and a rule's expressions are parsed against the relations that they name.
ddl policy_of(verb v, const PgQuery__RangeVar* table, const PgQuery__Node* qual, const PgQuery__Node* check) {
    auto words = on(v, object_kind::policy, table);
    add_reads(qual, words);
    add_reads(check, words);
    return words;
}

ddl rule_of(const PgQuery__RuleStmt& s) {
    auto words = on(verb::create_rule, object_kind::rule, s.relation);
    for (const auto* n : list(s.actions, s.n_actions)) add_reads(n, words);
    return words;
}

// The body is checked where it is SQL (check_function_bodies), which locks what it names.
ddl function_of_statement(const PgQuery__CreateFunctionStmt& s) {
    auto words = in_the_catalogs(object_kind::function);
    words.verb = verb::create_function;
    words.replaces = s.replace;
    add_reads(s.sql_body, words);
    std::string language, body;
    for (const auto* n : list(s.options, s.n_options)) {
        if (n->node_case != PG_QUERY__NODE__NODE_DEF_ELEM) continue;
        if (text(n->def_elem->defname) == "language") language = string_of(n->def_elem->arg);
        if (text(n->def_elem->defname) == "as")
            if (const auto parts = names_of(n->def_elem->arg); !parts.empty()) body = parts.front();
    }
    if (language == "sql") add_body(body, words);
    for (const auto* n : list(s.parameters, s.n_parameters))
        if (n->node_case == PG_QUERY__NODE__NODE_FUNCTION_PARAMETER)
            add_row_type(n->function_parameter->arg_type, words);
    return words;
}

ddl statistics_of(const PgQuery__CreateStatsStmt& s) {
    ddl words;
    words.verb = verb::create_statistics;
    words.kind = object_kind::statistics;
    for (const auto* n : list(s.relations, s.n_relations))
        if (const auto* r = range_var(n)) words.relations.push_back({name_of(r), use::target});
    return words;
}

ddl tablespace_of(const PgQuery__AlterTableMoveAllStmt& s) {
    ddl words;
    words.verb = verb::move_tablespace;
    words.reach = "everything in tablespace " + text(s.orig_tablespacename);
    return words;
}

ddl all_of(verb v, std::string reach) {
    ddl words;
    words.verb = v;
    words.reach = std::move(reach);
    return words;
}

words enum_of(const PgQuery__AlterEnumStmt& s) {
    if (!s.old_val || !*s.old_val) return in_the_catalogs(object_kind::enum_value);
    renaming words;
    words.kind = words.of = object_kind::enum_value;
    words.old_name = text(s.old_val);
    words.new_name = text(s.new_val);
    return words;
}

words create_table_as(const PgQuery__CreateTableAsStmt& s) {
    if (!s.into) return unmodelled{"CREATE TABLE AS"};
    auto words = create_table_as_of(*s.into, s.query, s.if_not_exists);
    if (s.objtype == PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW) words.kind = object_kind::materialized_view;
    return words;
}

ddl grant_of(const PgQuery__GrantStmt& s) {
    ddl words = in_the_catalogs(kind_of(s.objtype));
    words.verb = verb::grant;
    if (s.targtype != PG_QUERY__GRANT_TARGET_TYPE__ACL_TARGET_OBJECT) return words;
    for (const auto* n : list(s.objects, s.n_objects))
        if (const auto* r = range_var(n)) words.relations.push_back(target_of(r));
    return words;
}

ddl database_of(const PgQuery__AlterDatabaseStmt& s) {
    auto words = in_the_catalogs(object_kind::database);
    for (const auto* n : list(s.options, s.n_options))
        if (n->node_case == PG_QUERY__NODE__NODE_DEF_ELEM && text(n->def_elem->defname) == "tablespace")
            words.transactional = false;
    return words;
}

bool is_off(std::span<PgQuery__Node* const> options, std::string_view name) {
    for (PgQuery__Node* const& n : options)
        if (n->node_case == PG_QUERY__NODE__NODE_DEF_ELEM && text(n->def_elem->defname) == name)
            return !option_is_on({&n, 1}, name);
    return false;
}

ddl subscription_of(std::span<PgQuery__Node* const> options, bool makes_slot) {
    auto words = in_the_catalogs();
    words.transactional = !makes_slot || is_off(options, "connect") || is_off(options, "create_slot");
    return words;
}

ddl alter_publication_of(const PgQuery__AlterPublicationStmt& s) {
    const bool replaces = s.action == PG_QUERY__ALTER_PUBLICATION_ACTION__AP_SetObjects && s.n_pubobjects > 0;
    return publication_of(list(s.pubobjects, s.n_pubobjects), replaces ? std::optional(text(s.pubname)) : std::nullopt);
}

// ALTER SUBSCRIPTION: what looks at the publisher again cannot be rolled back.
ddl subscription_of(const PgQuery__AlterSubscriptionStmt& s) {
    auto words = in_the_catalogs();
    switch (s.kind) {
    case PG_QUERY__ALTER_SUBSCRIPTION_TYPE__ALTER_SUBSCRIPTION_REFRESH: words.transactional = false; break;
    case PG_QUERY__ALTER_SUBSCRIPTION_TYPE__ALTER_SUBSCRIPTION_SET_PUBLICATION:
    case PG_QUERY__ALTER_SUBSCRIPTION_TYPE__ALTER_SUBSCRIPTION_ADD_PUBLICATION:
    case PG_QUERY__ALTER_SUBSCRIPTION_TYPE__ALTER_SUBSCRIPTION_DROP_PUBLICATION:
        words.transactional = is_off(list(s.options, s.n_options), "refresh");
        break;
    default: break;
    }
    return words;
}

ddl outside_transactions() {
    auto words = in_the_catalogs(object_kind::database);
    words.transactional = false;
    return words;
}

}  // namespace

words ddl_of(const PgQuery__Node& n) {
    switch (n.node_case) {
    case PG_QUERY__NODE__NODE_CREATE_STMT: return create_table_of(*n.create_stmt);
    case PG_QUERY__NODE__NODE_CREATE_FOREIGN_TABLE_STMT:
        return n.create_foreign_table_stmt->base_stmt ? words(create_table_of(*n.create_foreign_table_stmt->base_stmt))
                                                      : words(unmodelled{"CREATE FOREIGN TABLE"});
    case PG_QUERY__NODE__NODE_CREATE_TABLE_AS_STMT: return create_table_as(*n.create_table_as_stmt);
    case PG_QUERY__NODE__NODE_CREATE_SCHEMA_STMT: return create_schema_of(*n.create_schema_stmt);
    case PG_QUERY__NODE__NODE_VIEW_STMT: return view_of(*n.view_stmt);
    case PG_QUERY__NODE__NODE_CREATE_SEQ_STMT: return sequence_of(*n.create_seq_stmt);
    case PG_QUERY__NODE__NODE_ALTER_SEQ_STMT:
        return alter_sequence_of(*n.alter_seq_stmt);
    case PG_QUERY__NODE__NODE_CREATE_TRIG_STMT: return trigger_of(*n.create_trig_stmt);
    case PG_QUERY__NODE__NODE_RULE_STMT: return rule_of(*n.rule_stmt);
    case PG_QUERY__NODE__NODE_CREATE_POLICY_STMT:
        return policy_of(verb::create_policy, n.create_policy_stmt->table, n.create_policy_stmt->qual,
                         n.create_policy_stmt->with_check);
    case PG_QUERY__NODE__NODE_ALTER_POLICY_STMT:
        return policy_of(verb::alter_policy, n.alter_policy_stmt->table, n.alter_policy_stmt->qual,
                         n.alter_policy_stmt->with_check);
    case PG_QUERY__NODE__NODE_CREATE_STATS_STMT: return statistics_of(*n.create_stats_stmt);
    case PG_QUERY__NODE__NODE_DROP_STMT: return drop_of(*n.drop_stmt);
    case PG_QUERY__NODE__NODE_TRUNCATE_STMT: return truncate_of(*n.truncate_stmt);
    case PG_QUERY__NODE__NODE_LOCK_STMT: return lock_of(*n.lock_stmt);
    case PG_QUERY__NODE__NODE_REINDEX_STMT: return reindex_of(*n.reindex_stmt);
    case PG_QUERY__NODE__NODE_VACUUM_STMT: return vacuum_of(*n.vacuum_stmt);
    case PG_QUERY__NODE__NODE_CLUSTER_STMT: return cluster_of(*n.cluster_stmt);
    case PG_QUERY__NODE__NODE_REFRESH_MAT_VIEW_STMT: return refresh_of(*n.refresh_mat_view_stmt);
    case PG_QUERY__NODE__NODE_COMMENT_STMT: return remark_of(n.comment_stmt->objtype, n.comment_stmt->object);
    case PG_QUERY__NODE__NODE_SEC_LABEL_STMT: return remark_of(n.sec_label_stmt->objtype, n.sec_label_stmt->object);
    case PG_QUERY__NODE__NODE_CREATE_PUBLICATION_STMT:
        return publication_of(list(n.create_publication_stmt->pubobjects, n.create_publication_stmt->n_pubobjects), std::nullopt);
    case PG_QUERY__NODE__NODE_ALTER_PUBLICATION_STMT:
        return alter_publication_of(*n.alter_publication_stmt);
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_SCHEMA_STMT:
        return moved(verb::set_schema, n.alter_object_schema_stmt->object_type, n.alter_object_schema_stmt->relation);
    case PG_QUERY__NODE__NODE_ALTER_OWNER_STMT:
        return moved(verb::set_owner, n.alter_owner_stmt->object_type, n.alter_owner_stmt->relation);
    case PG_QUERY__NODE__NODE_ALTER_OBJECT_DEPENDS_STMT:
        return moved(verb::set_owner, n.alter_object_depends_stmt->object_type, n.alter_object_depends_stmt->relation);
    case PG_QUERY__NODE__NODE_RENAME_STMT: return rename_of(*n.rename_stmt);
    case PG_QUERY__NODE__NODE_ALTER_DOMAIN_STMT: return domain_of(*n.alter_domain_stmt);
    case PG_QUERY__NODE__NODE_ALTER_TABLE_MOVE_ALL_STMT: return tablespace_of(*n.alter_table_move_all_stmt);
    case PG_QUERY__NODE__NODE_ALTER_ENUM_STMT: return enum_of(*n.alter_enum_stmt);
    case PG_QUERY__NODE__NODE_ALTER_EXTENSION_STMT: return in_the_catalogs(object_kind::extension);
    case PG_QUERY__NODE__NODE_DROP_OWNED_STMT: return all_of(verb::drop_relation, "everything that the roles own");
    case PG_QUERY__NODE__NODE_REASSIGN_OWNED_STMT: return all_of(verb::set_owner, "everything that the roles own");
    case PG_QUERY__NODE__NODE_CREATE_FUNCTION_STMT: return function_of_statement(*n.create_function_stmt);
    case PG_QUERY__NODE__NODE_GRANT_STMT: return grant_of(*n.grant_stmt);
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_STMT: return database_of(*n.alter_database_stmt);
    case PG_QUERY__NODE__NODE_CREATE_SUBSCRIPTION_STMT:
        return subscription_of(list(n.create_subscription_stmt->options, n.create_subscription_stmt->n_options), true);
    case PG_QUERY__NODE__NODE_ALTER_SUBSCRIPTION_STMT: return subscription_of(*n.alter_subscription_stmt);
    case PG_QUERY__NODE__NODE_DROP_SUBSCRIPTION_STMT: return outside_transactions();
    case PG_QUERY__NODE__NODE_CREATEDB_STMT:
    case PG_QUERY__NODE__NODE_DROPDB_STMT:
    case PG_QUERY__NODE__NODE_CREATE_TABLE_SPACE_STMT:
    case PG_QUERY__NODE__NODE_DROP_TABLE_SPACE_STMT:
    case PG_QUERY__NODE__NODE_ALTER_SYSTEM_STMT: return outside_transactions();
    // These write catalogs only; no relation of the user's is locked in a mode that its readers or writers notice.
    case PG_QUERY__NODE__NODE_ALTER_COLLATION_STMT:
    case PG_QUERY__NODE__NODE_GRANT_ROLE_STMT:
    case PG_QUERY__NODE__NODE_ALTER_DEFAULT_PRIVILEGES_STMT:
    case PG_QUERY__NODE__NODE_ALTER_TABLE_SPACE_OPTIONS_STMT:
    case PG_QUERY__NODE__NODE_CREATE_EXTENSION_STMT:
    case PG_QUERY__NODE__NODE_ALTER_EXTENSION_CONTENTS_STMT:
    case PG_QUERY__NODE__NODE_CREATE_FDW_STMT:
    case PG_QUERY__NODE__NODE_ALTER_FDW_STMT:
    case PG_QUERY__NODE__NODE_CREATE_FOREIGN_SERVER_STMT:
    case PG_QUERY__NODE__NODE_ALTER_FOREIGN_SERVER_STMT:
    case PG_QUERY__NODE__NODE_CREATE_USER_MAPPING_STMT:
    case PG_QUERY__NODE__NODE_ALTER_USER_MAPPING_STMT:
    case PG_QUERY__NODE__NODE_DROP_USER_MAPPING_STMT:
    case PG_QUERY__NODE__NODE_IMPORT_FOREIGN_SCHEMA_STMT:
    case PG_QUERY__NODE__NODE_CREATE_AM_STMT:
    case PG_QUERY__NODE__NODE_CREATE_EVENT_TRIG_STMT:
    case PG_QUERY__NODE__NODE_ALTER_EVENT_TRIG_STMT:
    case PG_QUERY__NODE__NODE_CREATE_PLANG_STMT:
    case PG_QUERY__NODE__NODE_CREATE_ROLE_STMT:
    case PG_QUERY__NODE__NODE_ALTER_ROLE_STMT:
    case PG_QUERY__NODE__NODE_ALTER_ROLE_SET_STMT:
    case PG_QUERY__NODE__NODE_DROP_ROLE_STMT:
    case PG_QUERY__NODE__NODE_DEFINE_STMT:
    case PG_QUERY__NODE__NODE_CREATE_DOMAIN_STMT:
    case PG_QUERY__NODE__NODE_CREATE_OP_CLASS_STMT:
    case PG_QUERY__NODE__NODE_CREATE_OP_FAMILY_STMT:
    case PG_QUERY__NODE__NODE_ALTER_OP_FAMILY_STMT:
    case PG_QUERY__NODE__NODE_ALTER_STATS_STMT:
    case PG_QUERY__NODE__NODE_ALTER_FUNCTION_STMT:
    case PG_QUERY__NODE__NODE_ALTER_OPERATOR_STMT:
    case PG_QUERY__NODE__NODE_ALTER_TYPE_STMT:
    case PG_QUERY__NODE__NODE_COMPOSITE_TYPE_STMT:
    case PG_QUERY__NODE__NODE_CREATE_ENUM_STMT:
    case PG_QUERY__NODE__NODE_CREATE_RANGE_STMT:
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_REFRESH_COLL_STMT:
    case PG_QUERY__NODE__NODE_ALTER_DATABASE_SET_STMT:
    case PG_QUERY__NODE__NODE_CREATE_CONVERSION_STMT:
    case PG_QUERY__NODE__NODE_CREATE_CAST_STMT:
    case PG_QUERY__NODE__NODE_CREATE_TRANSFORM_STMT:
    case PG_QUERY__NODE__NODE_ALTER_TSDICTIONARY_STMT:
    case PG_QUERY__NODE__NODE_ALTER_TSCONFIGURATION_STMT:
        return in_the_catalogs();
    default: return unmodelled{n.node_case == PG_QUERY__NODE__NODE__NOT_SET
                                   ? std::string("nothing")
                                   : "node " + std::to_string(n.node_case)};
    }
}

}  // namespace policy::nodes
