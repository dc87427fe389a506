#include "policy/parse_nodes.hpp"

namespace policy::nodes {
namespace {

void collect(const PgQuery__Node* n, query& out);

void collect(const PgQuery__WithClause* with, query& out) {
    if (!with) return;
    for (const auto* n : list(with->ctes, with->n_ctes))
        if (n->node_case == PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR) collect(n->common_table_expr->ctequery, out);
}

// SELECT pg_catalog.set_config('lock_timeout', '0', false)
void collect_set_config(const PgQuery__Node* target, query& out) {
    if (!target || target->node_case != PG_QUERY__NODE__NODE_RES_TARGET || !target->res_target->val) return;
    const auto* call = target->res_target->val;
    if (call->node_case != PG_QUERY__NODE__NODE_FUNC_CALL) return;
    const auto& f = *call->func_call;
    if (f.n_funcname == 0 || f.n_args != 3 || string_of(f.funcname[f.n_funcname - 1]) != "set_config") return;
    const auto name = constant(f.args[0]);
    if (name) out.sets.push_back({*name, constant(f.args[1]), constant(f.args[2]) == "true"});
}

void collect(const PgQuery__SelectStmt* s, query& out) {
    if (!s) return;
    collect(s->with_clause, out);
    collect(s->larg, out);
    collect(s->rarg, out);
    for (const auto* n : list(s->target_list, s->n_target_list)) collect_set_config(n, out);
}

void collect(const PgQuery__Node* n, query& out) {
    if (!n) return;
    switch (n->node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT: collect(n->select_stmt, out); break;
    case PG_QUERY__NODE__NODE_INSERT_STMT:
        collect(n->insert_stmt->with_clause, out);
        collect(n->insert_stmt->select_stmt, out);
        break;
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
        collect(n->update_stmt->with_clause, out);
        out.writes.push_back({name_of(n->update_stmt->relation), false, n->update_stmt->where_clause != nullptr});
        break;
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        collect(n->delete_stmt->with_clause, out);
        out.writes.push_back({name_of(n->delete_stmt->relation), true, n->delete_stmt->where_clause != nullptr});
        break;
    case PG_QUERY__NODE__NODE_MERGE_STMT: collect(n->merge_stmt->with_clause, out); break;
    default: break;
    }
}

}  // namespace

query query_of(const PgQuery__Node& n) {
    query q;
    collect(&n, q);
    return q;
}

}  // namespace policy::nodes
