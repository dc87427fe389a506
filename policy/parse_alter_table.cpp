#include "policy/parse_nodes.hpp"

namespace policy::nodes {
namespace {

// Our word for each action that the grammar can produce. Nullopt: one that only PostgreSQL's own later stages make
// (AT_ReAdd..., AT_Cooked...), or one that is newer than this list.
std::optional<alter_action> action_of(PgQuery__AlterTableType type) noexcept {
    using enum alter_action;
    switch (type) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddColumn: return add_column;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ColumnDefault: return set_default;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropNotNull: return drop_not_null;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetNotNull: return set_not_null;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetExpression: return set_expression;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropExpression: return drop_expression;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetStatistics: return set_statistics;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetOptions:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetOptions: return set_column_options;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetStorage: return set_storage;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetCompression: return set_compression;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropColumn: return drop_column;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddConstraint: return add_constraint;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterConstraint: return alter_constraint;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ValidateConstraint: return validate_constraint;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropConstraint: return drop_constraint;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnType: return set_type;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AlterColumnGenericOptions:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_GenericOptions: return foreign_options;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ChangeOwner: return set_owner;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ClusterOn: return cluster_on;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropCluster: return set_without_cluster;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetLogged: return set_logged;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetUnLogged: return set_unlogged;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropOids: return set_without_oids;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetAccessMethod: return set_access_method;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetTableSpace: return set_tablespace;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetRelOptions:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ResetRelOptions:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ReplaceRelOptions: return set_options;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrig:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigAll:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigAll:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableTrigUser:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigUser: return switch_trigger;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRule:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableAlwaysRule:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableReplicaRule:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRule: return switch_rule;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_NoForceRowSecurity: return switch_row_security;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ReplicaIdentity: return set_replica_identity;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddInherit: return inherit;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropInherit: return no_inherit;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddOf: return of_type;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropOf: return not_of;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AttachPartition: return attach_partition;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartition: return detach_partition;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DetachPartitionFinalize: return detach_partition_finalize;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_AddIdentity: return add_identity;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_SetIdentity: return set_identity;
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DropIdentity: return drop_identity;
    default: return std::nullopt;
    }
}

// Of actions that come as on and off: which one it is.
std::string_view switched(PgQuery__AlterTableType type) noexcept {
    switch (type) {
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigAll:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_DisableTrigUser: return "disable all";
    case PG_QUERY__ALTER_TABLE_TYPE__AT_EnableRowSecurity:
    case PG_QUERY__ALTER_TABLE_TYPE__AT_ForceRowSecurity: return "enable";
    default: return "";
    }
}

bool is_expression(alter_action a) noexcept {
    return a == alter_action::set_default || a == alter_action::set_expression;
}

void take_definition(alter_step& step, const PgQuery__Node& def) {
    if (is_expression(step.action)) {
        step.expression = expression_of(&def);
        return;
    }
    switch (def.node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_DEF:
        step.column = column_of(*def.column_def);
        if (step.name.empty()) step.name = step.column->name;
        // ALTER COLUMN ... TYPE ... USING: the expression stands where a default would.
        if (def.column_def->raw_default) {
            step.column->has_default = default_kind::expression;
            step.column->using_ = expression_of(def.column_def->raw_default);
        }
        break;
    case PG_QUERY__NODE__NODE_CONSTRAINT:
        step.constraint = constraint_of(*def.constraint);
        if (step.name.empty()) step.name = step.constraint->name;
        break;
    case PG_QUERY__NODE__NODE_RANGE_VAR: step.partner = name_of(def.range_var); break;
    case PG_QUERY__NODE__NODE_PARTITION_CMD:
        step.partner = name_of(def.partition_cmd->name);
        if (def.partition_cmd->bound) step.bound = bound_of(*def.partition_cmd->bound);
        if (def.partition_cmd->concurrent) step.action = alter_action::detach_partition_concurrently;
        break;
    case PG_QUERY__NODE__NODE_LIST:
        for (PgQuery__Node* const& n : list(def.list->items, def.list->n_items))
            if (n->node_case == PG_QUERY__NODE__NODE_DEF_ELEM) {
                const auto space = text(n->def_elem->defnamespace);
                step.options.push_back((space.empty() ? "" : space + ".") + text(n->def_elem->defname));
                const bool off = step.options.back() == "autovacuum_enabled" && !option_is_on({&n, 1}, step.options.back());
                if (off) step.value = "autovacuum off";
            }
        break;
    case PG_QUERY__NODE__NODE_REPLICA_IDENTITY_STMT:
        // pg_class.relreplident
        if (text(def.replica_identity_stmt->identity_type) == "n") step.value = "nothing";
        break;
    default: break;
    }
}

// SET TABLESPACE x, SET ACCESS METHOD x, CLUSTER ON x: the name is not one of the table's parts.
bool is_named_setting(alter_action a) noexcept {
    return a == alter_action::set_tablespace || a == alter_action::set_access_method || a == alter_action::cluster_on;
}

// Where it stands in the text, and where its constraints do.
void place(alter_step& step, const PgQuery__AlterTableCmd& cmd, std::string_view sql, span where) {
    step.where = where;
    const auto end = where.offset + where.length;
    if (cmd.def && cmd.def->node_case == PG_QUERY__NODE__NODE_CONSTRAINT && step.constraint)
        step.constraint->where = tokens_between(sql, static_cast<std::size_t>(cmd.def->constraint->location), end);
    if (cmd.def && cmd.def->node_case == PG_QUERY__NODE__NODE_COLUMN_DEF && step.column)
        place_constraints(*cmd.def->column_def, sql, where, *step.column);
}

}  // namespace

words alter_table_of(const PgQuery__AlterTableStmt& s, std::string_view sql) {
    alter_table words;
    words.kind = s.objtype == PG_QUERY__OBJECT_TYPE__OBJECT_TYPE ? object_kind::composite_type : kind_of(s.objtype);
    words.relation = name_of(s.relation);
    words.if_exists = s.missing_ok;
    words.only = s.relation && !s.relation->inh;
    const auto places = s.relation ? action_spans(sql, static_cast<std::size_t>(s.relation->location), s.n_cmds) : std::vector<span>();
    for (const auto* n : list(s.cmds, s.n_cmds)) {
        if (n->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_CMD) return unmodelled{"ALTER TABLE"};
        const auto& cmd = *n->alter_table_cmd;
        const auto action = action_of(cmd.subtype);
        if (!action) return unmodelled{"ALTER TABLE, action " + std::to_string(cmd.subtype)};
        alter_step step;
        step.action = *action;
        step.name = text(cmd.name);
        step.if_exists = cmd.missing_ok;
        step.cascade = cmd.behavior == PG_QUERY__DROP_BEHAVIOR__DROP_CASCADE;
        step.value = switched(cmd.subtype);
        if (cmd.def) take_definition(step, *cmd.def);
        if (cmd.newowner) step.value = text(cmd.newowner->rolename);
        if (is_named_setting(step.action)) step.value = step.name;
        if (!places.empty()) place(step, cmd, sql, places[words.steps.size()]);
        words.steps.push_back(std::move(step));
    }
    return words;
}

}  // namespace policy::nodes
