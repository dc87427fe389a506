#include <algorithm>

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
        describe(*n->update_stmt, out.writes.back());
        break;
    case PG_QUERY__NODE__NODE_DELETE_STMT:
        collect(n->delete_stmt->with_clause, out);
        out.writes.push_back({name_of(n->delete_stmt->relation), true, n->delete_stmt->where_clause != nullptr});
        describe(*n->delete_stmt, out.writes.back());
        break;
    case PG_QUERY__NODE__NODE_MERGE_STMT: collect(n->merge_stmt->with_clause, out); break;
    default: break;
    }
}

}  // namespace

namespace {

relation_use use_of(const PgQuery__RangeVar& r, use as) { return {name_of(&r), as, !r.inh}; }

// Names that stand for a WITH query. Their scope is not looked at: a relation of the same name is taken for read.
std::vector<std::string> names_of_with(const PgQuery__Node& n) {
    std::vector<std::string> names;
    visit(&n, [&](const PgQuery__Node& part) {
        if (part.node_case == PG_QUERY__NODE__NODE_COMMON_TABLE_EXPR) names.push_back(text(part.common_table_expr->ctename));
    });
    return names;
}

// FOR UPDATE and its kin lock what stands in FROM, or what they name behind OF.
void add_row_locks(const PgQuery__SelectStmt& s, std::vector<relation_use>& out) {
    for (const auto* clause : list(s.locking_clause, s.n_locking_clause)) {
        if (clause->node_case != PG_QUERY__NODE__NODE_LOCKING_CLAUSE) continue;
        const auto named = list(clause->locking_clause->locked_rels, clause->locking_clause->n_locked_rels);
        const auto is_named = [&](const PgQuery__RangeVar& r) {
            const auto known_as = r.alias ? text(r.alias->aliasname) : text(r.relname);
            return named.empty() || std::any_of(named.begin(), named.end(), [&](const auto* n) {
                return range_var(n) && text(range_var(n)->relname) == known_as;
            });
        };
        for (const auto* from : list(s.from_clause, s.n_from_clause))
            visit(from, [&](const PgQuery__Node& part) {
                if (const auto* r = range_var(&part); r && is_named(*r)) out.push_back(use_of(*r, use::row_locked));
            });
    }
}

void add_call(const PgQuery__FuncCall& f, query& out) {
    function_call call{function_of(f), std::nullopt};
    if (f.n_args > 0) call.argument = constant(f.args[0]);
    out.calls.push_back(std::move(call));
}

// No condition and no limit anywhere: PostgreSQL has nothing to choose an index by.
bool reads_all(const PgQuery__SelectStmt& s) {
    return !s.where_clause && !s.limit_count && s.n_from_clause > 0;
}

}  // namespace

void add_relations(const PgQuery__Node& n, query& out) {
    const auto with = names_of_with(n);
    visit(&n, [&](const PgQuery__Node& part) {
        switch (part.node_case) {
        case PG_QUERY__NODE__NODE_RANGE_VAR: out.relations.push_back(use_of(*part.range_var, use::read)); break;
        case PG_QUERY__NODE__NODE_SELECT_STMT: add_row_locks(*part.select_stmt, out.relations); break;
        case PG_QUERY__NODE__NODE_INSERT_STMT:
            if (part.insert_stmt->relation) out.relations.push_back(use_of(*part.insert_stmt->relation, use::written));
            break;
        case PG_QUERY__NODE__NODE_UPDATE_STMT:
            if (part.update_stmt->relation) out.relations.push_back(use_of(*part.update_stmt->relation, use::written));
            break;
        case PG_QUERY__NODE__NODE_DELETE_STMT:
            if (part.delete_stmt->relation) out.relations.push_back(use_of(*part.delete_stmt->relation, use::written));
            break;
        case PG_QUERY__NODE__NODE_MERGE_STMT:
            if (part.merge_stmt->relation) out.relations.push_back(use_of(*part.merge_stmt->relation, use::written));
            break;
        case PG_QUERY__NODE__NODE_FUNC_CALL: add_call(*part.func_call, out); break;
        default: break;
        }
    });
    std::erase_if(out.relations, [&](const relation_use& r) {
        return r.as != use::written && r.name.schema.empty() &&
               std::find(with.begin(), with.end(), r.name.name) != with.end();
    });
    if (n.node_case == PG_QUERY__NODE__NODE_SELECT_STMT) out.whole_tables = reads_all(*n.select_stmt);
}

query query_of(const PgQuery__Node& n) {
    query q;
    collect(&n, q);
    add_relations(n, q);
    return q;
}

query copy_of(const PgQuery__CopyStmt& s) {
    query q;
    if (s.query) return query_of(*s.query);
    if (s.relation) q.relations.push_back(use_of(*s.relation, s.is_from ? use::written : use::read));
    q.whole_tables = !s.is_from;
    return q;
}

}  // namespace policy::nodes
