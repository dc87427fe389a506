#include "policy/parse_nodes.hpp"

namespace policy::nodes {
namespace {

// The name that PostgreSQL gives to an expression's column, as parse_target.c's FigureColname does for the expressions
// that an index may have. Empty: it finds none, and the name is "expr".
std::string figured_name(const PgQuery__Node* n) {
    if (!n) return {};
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_COLUMN_REF: {
        std::string last;
        for (const auto* field : list(n->column_ref->fields, n->column_ref->n_fields))
            if (field->node_case == PG_QUERY__NODE__NODE_STRING) last = string_of(field);
        return last;
    }
    case PG_QUERY__NODE__NODE_FUNC_CALL:
        return n->func_call->n_funcname == 0 ? std::string()
                                             : string_of(n->func_call->funcname[n->func_call->n_funcname - 1]);
    case PG_QUERY__NODE__NODE_TYPE_CAST: {
        auto name = figured_name(n->type_cast->arg);
        if (name.empty() && n->type_cast->type_name && n->type_cast->type_name->n_names > 0)
            name = string_of(n->type_cast->type_name->names[n->type_cast->type_name->n_names - 1]);
        return name;
    }
    case PG_QUERY__NODE__NODE_A_INDIRECTION: {
        std::string last;
        for (const auto* field : list(n->a_indirection->indirection, n->a_indirection->n_indirection))
            if (field->node_case == PG_QUERY__NODE__NODE_STRING) last = string_of(field);
        return last.empty() ? figured_name(n->a_indirection->arg) : last;
    }
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE: return figured_name(n->collate_clause->arg);
    case PG_QUERY__NODE__NODE_CASE_EXPR: {
        auto name = figured_name(n->case_expr->defresult);
        return name.empty() ? "case" : name;
    }
    case PG_QUERY__NODE__NODE_COALESCE_EXPR: return "coalesce";
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
        return n->min_max_expr->op == PG_QUERY__MIN_MAX_OP__IS_LEAST ? "least" : "greatest";
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: return "array";
    case PG_QUERY__NODE__NODE_ROW_EXPR: return "row";
    case PG_QUERY__NODE__NODE_A_EXPR:
        return n->a_expr->kind == PG_QUERY__A__EXPR__KIND__AEXPR_NULLIF ? "nullif" : std::string();
    default: return {};
    }
}

std::vector<std::string> name_parts_of(const PgQuery__IndexStmt& s) {
    std::vector<std::string> parts;
    const auto take = [&](std::span<PgQuery__Node* const> elements) {
        for (const auto* n : elements) {
            if (n->node_case != PG_QUERY__NODE__NODE_INDEX_ELEM) continue;
            auto part = text(n->index_elem->name);
            if (part.empty()) part = figured_name(n->index_elem->expr);
            parts.push_back(part.empty() ? "expr" : part);
        }
    };
    take(list(s.index_params, s.n_index_params));
    take(list(s.index_including_params, s.n_index_including_params));
    return parts;
}

// CREATE [UNIQUE] INDEX: where the third or second word ends.
std::size_t keyword_end(std::string_view sql, std::size_t offset) {
    scanner scan(sql.substr(offset), {});
    for (int i = 0; i < 3; ++i)
        if (const token t = scan.next(); t.is(word("index"))) return offset + t.end;
    return offset;
}

}  // namespace

create_index index_of(const PgQuery__IndexStmt& s, std::string_view sql, std::size_t offset) {
    create_index index;
    index.name = text(s.idxname);
    index.table = name_of(s.relation);
    index.unique = s.unique;
    index.concurrently = s.concurrent;
    index.if_not_exists = s.if_not_exists;
    index.only = s.relation && !s.relation->inh;
    for (const auto* n : list(s.index_params, s.n_index_params))
        if (n->node_case == PG_QUERY__NODE__NODE_INDEX_ELEM) index.columns.push_back(text(n->index_elem->name));
    index.name_parts = name_parts_of(s);
    index.keyword_end = keyword_end(sql, offset);
    return index;
}

}  // namespace policy::nodes
