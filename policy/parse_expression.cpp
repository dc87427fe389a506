#include <algorithm>
#include <cstdlib>

#include "policy/catalog.hpp"
#include "policy/parse_nodes.hpp"

// What can be told of types and expressions without the catalog.
namespace policy::nodes {
namespace {

bool is_literal(const PgQuery__Node* n) {
    if (!n) return true;
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_A_CONST: return true;
    case PG_QUERY__NODE__NODE_TYPE_CAST: return is_literal(n->type_cast->arg);
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: {
        const auto elements = list(n->a_array_expr->elements, n->a_array_expr->n_elements);
        return std::all_of(elements.begin(), elements.end(), [](const auto* e) { return is_literal(e); });
    }
    default: return false;
    }
}

std::optional<std::string> column_behind_casts(const PgQuery__Node* n) {
    while (n && n->node_case == PG_QUERY__NODE__NODE_TYPE_CAST) n = n->type_cast->arg;
    if (!n || n->node_case != PG_QUERY__NODE__NODE_COLUMN_REF || n->column_ref->n_fields == 0) return std::nullopt;
    return string_of(n->column_ref->fields[n->column_ref->n_fields - 1]);
}

}  // namespace

type_words type_of(const PgQuery__TypeName* t) {
    type_words words;
    if (!t || t->n_names == 0) return words;
    words.name = string_of(t->names[t->n_names - 1]);
    if (t->n_names > 1) words.schema = string_of(t->names[t->n_names - 2]);
    words.array = t->n_array_bounds > 0;
    for (const auto* m : list(t->typmods, t->n_typmods))
        if (const auto value = constant(m)) words.modifiers.push_back(static_cast<std::int32_t>(std::atoi(value->c_str())));
    words.text = words.schema.empty() || words.schema == "pg_catalog" ? words.name : words.schema + "." + words.name;
    for (std::size_t i = 0; i < words.modifiers.size(); ++i)
        words.text += (i == 0 ? "(" : ",") + std::to_string(words.modifiers[i]);
    if (!words.modifiers.empty()) words.text += ')';
    if (words.array) words.text += "[]";
    return words;
}

expression_words expression_of(const PgQuery__Node* n) {
    expression_words words;
    words.constant = is_literal(n);
    words.bare_column = column_behind_casts(n);
    visit(n, [&](const PgQuery__Node& part) {
        switch (part.node_case) {
        case PG_QUERY__NODE__NODE_FUNC_CALL:
            words.functions.push_back(function_of(*part.func_call));
            if (words.functions.back().name == "nextval" && part.func_call->n_args == 1)
                if (const auto name = constant(part.func_call->args[0])) words.sequences.push_back(name_in(*name));
            break;
        case PG_QUERY__NODE__NODE_TYPE_CAST: words.casts.push_back(type_of(part.type_cast->type_name)); break;
        case PG_QUERY__NODE__NODE_COLUMN_REF:
            if (auto column = column_behind_casts(&part)) words.columns.push_back(std::move(*column));
            break;
        default: break;
        }
    });
    return words;
}

relation_name function_of(const PgQuery__FuncCall& f) {
    std::vector<std::string> names;
    for (const auto* part : list(f.funcname, f.n_funcname)) names.push_back(string_of(part));
    return relation_of(names);
}

}  // namespace policy::nodes
