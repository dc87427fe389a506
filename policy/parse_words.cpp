#include "policy/parse_nodes.hpp"

namespace policy::nodes {
namespace {

transaction_control transaction_of(const PgQuery__TransactionStmt& s) {
    using enum transaction_verb;
    transaction_control words;
    words.savepoint = text(s.savepoint_name);
    switch (s.kind) {
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT: words.verb = commit; break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK: words.verb = rollback; break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_SAVEPOINT: words.verb = savepoint; break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_RELEASE: words.verb = release; break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_TO: words.verb = rollback_to; break;
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_PREPARE:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_COMMIT_PREPARED:
    case PG_QUERY__TRANSACTION_STMT_KIND__TRANS_STMT_ROLLBACK_PREPARED: words.verb = two_phase; break;
    default: break;
    }
    return words;
}

setting_change setting_of(const PgQuery__VariableSetStmt& s) {
    setting_change words{text(s.name), std::nullopt, static_cast<bool>(s.is_local)};
    if (s.kind == PG_QUERY__VARIABLE_SET_KIND__VAR_SET_VALUE && s.n_args > 0) words.value = constant(s.args[0]);
    return words;
}

words select_of(const PgQuery__Node& n) {
    // SELECT ... INTO stands in the leftmost SELECT of a UNION.
    const auto* s = n.select_stmt;
    while (s->larg) s = s->larg;
    if (s->into_clause) return create_table_as_of(*s->into_clause, &n, false);
    return query_of(n);
}

words explain_of(const PgQuery__ExplainStmt& s, std::string_view sql, std::size_t offset) {
    if (!s.query) return let_through{};
    if (option_is_on(list(s.options, s.n_options), "analyze")) return words_of(*s.query, sql, offset);
    // Only planned: the relations are locked as they would be, and nothing is done to them.
    query planned;
    add_relations(*s.query, planned);
    planned.whole_tables = false;
    return planned;
}

}  // namespace

words words_of(const PgQuery__Node& n, std::string_view sql, std::size_t offset) {
    switch (n.node_case) {
    case PG_QUERY__NODE__NODE_SELECT_STMT: return select_of(n);
    case PG_QUERY__NODE__NODE_INSERT_STMT:
    case PG_QUERY__NODE__NODE_UPDATE_STMT:
    case PG_QUERY__NODE__NODE_DELETE_STMT:
    case PG_QUERY__NODE__NODE_MERGE_STMT: return query_of(n);
    case PG_QUERY__NODE__NODE_COPY_STMT: return copy_of(*n.copy_stmt);
    case PG_QUERY__NODE__NODE_PREPARE_STMT:
        return n.prepare_stmt->query ? words_of(*n.prepare_stmt->query, sql, offset) : words(let_through{});
    case PG_QUERY__NODE__NODE_DECLARE_CURSOR_STMT:
        return n.declare_cursor_stmt->query ? words_of(*n.declare_cursor_stmt->query, sql, offset) : words(let_through{});
    case PG_QUERY__NODE__NODE_EXPLAIN_STMT: return explain_of(*n.explain_stmt, sql, offset);
    case PG_QUERY__NODE__NODE_TRANSACTION_STMT: return transaction_of(*n.transaction_stmt);
    case PG_QUERY__NODE__NODE_VARIABLE_SET_STMT: return setting_of(*n.variable_set_stmt);
    case PG_QUERY__NODE__NODE_INDEX_STMT: return index_of(*n.index_stmt, sql, offset);
    case PG_QUERY__NODE__NODE_ALTER_TABLE_STMT: return alter_table_of(*n.alter_table_stmt, sql);
    case PG_QUERY__NODE__NODE_DO_STMT: return block_of(*n.do_stmt);
    // Nothing that another session would have to wait for. What a procedure does cannot be seen, no more than
    // what a function does that a SELECT calls.
    case PG_QUERY__NODE__NODE_CALL_STMT:
    case PG_QUERY__NODE__NODE_VARIABLE_SHOW_STMT:
    case PG_QUERY__NODE__NODE_CLOSE_PORTAL_STMT:
    case PG_QUERY__NODE__NODE_FETCH_STMT:
    case PG_QUERY__NODE__NODE_EXECUTE_STMT:
    case PG_QUERY__NODE__NODE_DEALLOCATE_STMT:
    case PG_QUERY__NODE__NODE_DISCARD_STMT:
    case PG_QUERY__NODE__NODE_NOTIFY_STMT:
    case PG_QUERY__NODE__NODE_LISTEN_STMT:
    case PG_QUERY__NODE__NODE_UNLISTEN_STMT:
    case PG_QUERY__NODE__NODE_LOAD_STMT:
    case PG_QUERY__NODE__NODE_CHECK_POINT_STMT:
    case PG_QUERY__NODE__NODE_CONSTRAINTS_SET_STMT: return let_through{};
    default: return ddl_of(n);
    }
}

}  // namespace policy::nodes
