#include "policy/parse_nodes.hpp"

#include <algorithm>
#include <array>

namespace policy::nodes {

std::vector<std::string> names_of(const PgQuery__Node* n) {
    std::vector<std::string> names;
    if (!n) return names;
    if (n->node_case == PG_QUERY__NODE__NODE_STRING) names.push_back(string_of(n));
    if (n->node_case == PG_QUERY__NODE__NODE_LIST)
        for (const auto* item : list(n->list->items, n->list->n_items)) names.push_back(string_of(item));
    if (n->node_case == PG_QUERY__NODE__NODE_TYPE_NAME)
        for (const auto* item : list(n->type_name->names, n->type_name->n_names)) names.push_back(string_of(item));
    return names;
}

relation_name relation_of(std::span<const std::string> names) {
    if (names.empty()) return {};
    return {names.size() > 1 ? names[names.size() - 2] : std::string(), names.back()};
}

std::optional<std::string> constant(const PgQuery__Node* n) {
    if (!n) return std::nullopt;
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_A_CONST:
        switch (n->a_const->val_case) {
        case PG_QUERY__A__CONST__VAL_IVAL: return std::to_string(n->a_const->ival->ival);
        case PG_QUERY__A__CONST__VAL_FVAL: return text(n->a_const->fval->fval);
        case PG_QUERY__A__CONST__VAL_SVAL: return text(n->a_const->sval->sval);
        case PG_QUERY__A__CONST__VAL_BOOLVAL: return n->a_const->boolval->boolval ? "true" : "false";
        default: return std::nullopt;
        }
    case PG_QUERY__NODE__NODE_TYPE_CAST: return constant(n->type_cast->arg);
    case PG_QUERY__NODE__NODE_STRING: return string_of(n);
    case PG_QUERY__NODE__NODE_INTEGER: return std::to_string(n->integer->ival);
    case PG_QUERY__NODE__NODE_FLOAT: return text(n->float_->fval);
    case PG_QUERY__NODE__NODE_BOOLEAN: return n->boolean->boolval ? "true" : "false";
    default: return std::nullopt;
    }
}

bool option_is_on(std::span<PgQuery__Node* const> options, std::string_view name) {
    bool on = false;
    for (const auto* o : options) {
        if (o->node_case != PG_QUERY__NODE__NODE_DEF_ELEM || text(o->def_elem->defname) != name) continue;
        const auto value = constant(o->def_elem->arg);
        // defGetBoolean: true, on, 1; false, off, 0; in any case of letters.
        on = !value || !(*value == "0" || (value->size() > 1 && ((*value)[0] == 'f' || (*value)[0] == 'F' ||
                                                                  (*value)[1] == 'f' || (*value)[1] == 'F')));
    }
    return on;
}

object_kind kind_of(PgQuery__ObjectType type) noexcept {
    switch (type) {
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABLE: return object_kind::table;
    case PG_QUERY__OBJECT_TYPE__OBJECT_INDEX: return object_kind::index;
    case PG_QUERY__OBJECT_TYPE__OBJECT_VIEW: return object_kind::view;
    case PG_QUERY__OBJECT_TYPE__OBJECT_MATVIEW: return object_kind::materialized_view;
    case PG_QUERY__OBJECT_TYPE__OBJECT_SEQUENCE: return object_kind::sequence;
    case PG_QUERY__OBJECT_TYPE__OBJECT_FOREIGN_TABLE: return object_kind::foreign_table;
    case PG_QUERY__OBJECT_TYPE__OBJECT_COLUMN: return object_kind::column;
    case PG_QUERY__OBJECT_TYPE__OBJECT_ATTRIBUTE: return object_kind::attribute;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TABCONSTRAINT: return object_kind::constraint;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TRIGGER: return object_kind::trigger;
    case PG_QUERY__OBJECT_TYPE__OBJECT_RULE: return object_kind::rule;
    case PG_QUERY__OBJECT_TYPE__OBJECT_POLICY: return object_kind::policy;
    case PG_QUERY__OBJECT_TYPE__OBJECT_SCHEMA: return object_kind::schema;
    case PG_QUERY__OBJECT_TYPE__OBJECT_TYPE: return object_kind::type;
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMAIN: return object_kind::domain;
    case PG_QUERY__OBJECT_TYPE__OBJECT_DOMCONSTRAINT: return object_kind::domain_constraint;
    case PG_QUERY__OBJECT_TYPE__OBJECT_FUNCTION:
    case PG_QUERY__OBJECT_TYPE__OBJECT_PROCEDURE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_ROUTINE:
    case PG_QUERY__OBJECT_TYPE__OBJECT_AGGREGATE: return object_kind::function;
    case PG_QUERY__OBJECT_TYPE__OBJECT_EXTENSION: return object_kind::extension;
    case PG_QUERY__OBJECT_TYPE__OBJECT_STATISTIC_EXT: return object_kind::statistics;
    case PG_QUERY__OBJECT_TYPE__OBJECT_PUBLICATION: return object_kind::publication;
    case PG_QUERY__OBJECT_TYPE__OBJECT_DATABASE: return object_kind::database;
    default: return object_kind::other;
    }
}

namespace {

constraint_kind kind_of(PgQuery__ConstrType type) noexcept {
    switch (type) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK: return constraint_kind::check;
    case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL: return constraint_kind::not_null;
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE: return constraint_kind::unique;
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY: return constraint_kind::primary_key;
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN: return constraint_kind::foreign_key;
    case PG_QUERY__CONSTR_TYPE__CONSTR_EXCLUSION: return constraint_kind::exclusion;
    default: return constraint_kind::other;
    }
}

}  // namespace

std::vector<std::string> strings(std::span<PgQuery__Node* const> nodes) {
    std::vector<std::string> out;
    for (const auto* n : nodes) out.push_back(string_of(n));
    return out;
}

constraint_words constraint_of(const PgQuery__Constraint& c) {
    constraint_words words;
    words.kind = kind_of(c.contype);
    words.name = text(c.conname);
    words.not_valid = c.skip_validation;
    words.using_index = c.indexname && *c.indexname;
    words.deferrable = c.deferrable;
    words.no_inherit = c.is_no_inherit;
    words.index = text(c.indexname);
    words.columns = strings(list(c.keys, c.n_keys));
    words.including = strings(list(c.including, c.n_including));
    if (c.contype == PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN) words.columns = strings(list(c.fk_attrs, c.n_fk_attrs));
    words.referenced_columns = strings(list(c.pk_attrs, c.n_pk_attrs));
    if (c.contype == PG_QUERY__CONSTR_TYPE__CONSTR_CHECK) words.expression = expression_of(c.raw_expr);
    if (c.pktable) words.referenced = name_of(c.pktable);
    return words;
}

namespace {

// Constants, casts of them, and what PostgreSQL itself calls stable: the value is computed once and the table is not
// rewritten (measured on 13 to 18). Any other expression may be volatile.
bool evaluated_once(const PgQuery__Node* n) {
    if (!n) return true;
    if (n->node_case == PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION) return true;
    if (n->node_case == PG_QUERY__NODE__NODE_TYPE_CAST) return evaluated_once(n->type_cast->arg);
    if (n->node_case == PG_QUERY__NODE__NODE_A_CONST) return true;
    if (n->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR) {
        const auto elements = list(n->a_array_expr->elements, n->a_array_expr->n_elements);
        return std::all_of(elements.begin(), elements.end(), [](const auto* e) { return evaluated_once(e); });
    }
    if (n->node_case != PG_QUERY__NODE__NODE_FUNC_CALL || n->func_call->n_funcname == 0) return false;
    static constexpr std::array<std::string_view, 3> stable{"now", "transaction_timestamp", "statement_timestamp"};
    const auto name = string_of(n->func_call->funcname[n->func_call->n_funcname - 1]);
    return n->func_call->n_args == 0 && std::find(stable.begin(), stable.end(), name) != stable.end();
}

void take(column_words& column, const PgQuery__Constraint& c) {
    switch (c.contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL: column.not_null = true; break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT:
        column.has_default = evaluated_once(c.raw_expr) ? default_kind::constant : default_kind::expression;
        column.default_expression = expression_of(c.raw_expr);
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_IDENTITY: column.identity = column.not_null = true; break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_GENERATED:
        column.generated_stored = true;
        column.default_expression = expression_of(c.raw_expr);
        break;
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN: {
        auto& constraint = column.constraints.emplace_back(constraint_of(c));
        if (constraint.columns.empty()) constraint.columns.push_back(column.name);
        break;
    }
    default: break;
    }
}

}  // namespace

column_words column_of(const PgQuery__ColumnDef& c) {
    static constexpr std::array<std::string_view, 6> serials{"serial", "bigserial", "smallserial",
                                                             "serial2", "serial4", "serial8"};
    column_words column;
    column.name = text(c.colname);
    column.type_parts = type_of(c.type_name);
    column.type = column.type_parts.text;
    column.serial = std::find(serials.begin(), serials.end(), column.type_parts.name) != serials.end();
    if (c.coll_clause && c.coll_clause->n_collname > 0)
        column.collation = string_of(c.coll_clause->collname[c.coll_clause->n_collname - 1]);
    for (const auto* n : list(c.constraints, c.n_constraints))
        if (n->node_case == PG_QUERY__NODE__NODE_CONSTRAINT) take(column, *n->constraint);
    return column;
}

}  // namespace policy::nodes
