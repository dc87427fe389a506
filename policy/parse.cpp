#include "policy/parse.hpp"

#include <memory>

#include "policy/command_name.hpp"
#include "policy/parse_nodes.hpp"

namespace policy {
namespace {

struct free_result {
    void operator()(PgQueryProtobufParseResult* r) const noexcept {
        pg_query_free_protobuf_parse_result(*r);
        delete r;
    }
};

struct free_tree {
    void operator()(PgQuery__ParseResult* tree) const noexcept { pg_query__parse_result__free_unpacked(tree, nullptr); }
};

using parse_result = std::unique_ptr<PgQueryProtobufParseResult, free_result>;
using parse_tree = std::unique_ptr<PgQuery__ParseResult, free_tree>;

parse_result run_parser(const std::string& sql, bool standard_conforming_strings) {
    const int options = standard_conforming_strings ? 0 : PG_QUERY_DISABLE_STANDARD_CONFORMING_STRINGS;
    return parse_result(new PgQueryProtobufParseResult(pg_query_parse_protobuf_opts(sql.c_str(), options)));
}

parse_tree unpack(const PgQueryProtobufParseResult& result) {
    return parse_tree(pg_query__parse_result__unpack(
        nullptr, result.parse_tree.len, reinterpret_cast<const std::uint8_t*>(result.parse_tree.data)));
}

statement refused(std::string_view sql, std::string message, std::size_t position) {
    return {{0, sql.size()}, command_name(sql), unparseable{std::move(message), position}, {}, false};
}

// The parser counts a statement from the end of the one before; blanks and comments in between are not part of it.
span trimmed(std::string_view sql, const PgQuery__RawStmt& raw) {
    const auto from = static_cast<std::size_t>(raw.stmt_location);
    const auto length = raw.stmt_len > 0 ? static_cast<std::size_t>(raw.stmt_len) : sql.size() - from;
    std::string_view body = sql.substr(from, length);
    const auto first = scanner(body, {}).next().begin;
    const auto last = body.find_last_not_of(" \t\r\n\f\v;");
    if (last == std::string_view::npos || last < first) return {from, length};
    return {from + first, last + 1 - first};
}

// What it does to statements that are prepared.
void note_prepared(const PgQuery__Node& n, statement& s) {
    if (n.node_case == PG_QUERY__NODE__NODE_EXECUTE_STMT) s.runs_prepared.push_back(nodes::text(n.execute_stmt->name));
    if (n.node_case == PG_QUERY__NODE__NODE_EXPLAIN_STMT && n.explain_stmt->query) note_prepared(*n.explain_stmt->query, s);
    if (n.node_case == PG_QUERY__NODE__NODE_DEALLOCATE_STMT) {
        if (n.deallocate_stmt->isall)
            s.ends_all_prepared = true;
        else
            s.ends_prepared.push_back(nodes::text(n.deallocate_stmt->name));
    }
    if (n.node_case == PG_QUERY__NODE__NODE_DISCARD_STMT)
        s.ends_all_prepared = n.discard_stmt->target == PG_QUERY__DISCARD_MODE__DISCARD_ALL;
}

statement statement_of(const PgQuery__RawStmt& raw, std::string_view sql) {
    statement s;
    s.where = trimmed(sql, raw);
    if (!raw.stmt) {
        s.what = unmodelled{"nothing"};
        return s;
    }
    s.what = nodes::words_of(*raw.stmt, sql, s.where.offset);
    s.kind = command_name(sql.substr(s.where.offset, s.where.length));
    note_prepared(*raw.stmt, s);
    return s;
}

}  // namespace

std::vector<statement> parse(std::string_view sql, bool standard_conforming_strings) {
    // The parser reads up to a NUL; the server would never be sent one, so what stands behind it is a doubt.
    if (const auto nul = sql.find('\0'); nul != std::string_view::npos) return {refused(sql, "NUL byte in the text", nul)};
    const std::string text(sql);
    const auto result = run_parser(text, standard_conforming_strings);
    if (result->error) {
        const auto position = result->error->cursorpos > 0 ? static_cast<std::size_t>(result->error->cursorpos - 1) : 0;
        return {refused(sql, nodes::text(result->error->message), position)};
    }
    const auto tree = unpack(*result);
    if (!tree) return {refused(sql, "the parse tree could not be read", 0)};
    std::vector<statement> statements;
    statements.reserve(tree->n_stmts);
    for (const auto* raw : nodes::list(tree->stmts, tree->n_stmts)) statements.push_back(statement_of(*raw, sql));
    return statements;
}

std::string fingerprint(std::string_view sql, bool standard_conforming_strings) {
    if (sql.find('\0') != std::string_view::npos) return {};
    const std::string text(sql);
    const int options = standard_conforming_strings ? 0 : PG_QUERY_DISABLE_STANDARD_CONFORMING_STRINGS;
    const auto result = pg_query_fingerprint_opts(text.c_str(), options);
    std::string out = result.error || !result.fingerprint_str ? "" : result.fingerprint_str;
    pg_query_free_fingerprint_result(result);
    return out;
}

std::optional<std::string> index_signature(std::string_view create_index_sql) {
    const auto result = run_parser(std::string(create_index_sql), true);
    if (result->error) return std::nullopt;
    const auto tree = unpack(*result);
    if (!tree || tree->n_stmts != 1 || !tree->stmts[0]->stmt ||
        tree->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_INDEX_STMT)
        return std::nullopt;
    return nodes::signature_of(*tree->stmts[0]->stmt->index_stmt);
}

std::optional<std::string> constraint_signature(std::string_view clause) {
    const auto result = run_parser("ALTER TABLE t ADD " + std::string(clause), true);
    if (result->error) return std::nullopt;
    const auto tree = unpack(*result);
    if (!tree || tree->n_stmts != 1 || !tree->stmts[0]->stmt ||
        tree->stmts[0]->stmt->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_STMT)
        return std::nullopt;
    const auto& s = *tree->stmts[0]->stmt->alter_table_stmt;
    if (s.n_cmds != 1 || s.cmds[0]->node_case != PG_QUERY__NODE__NODE_ALTER_TABLE_CMD) return std::nullopt;
    const auto* def = s.cmds[0]->alter_table_cmd->def;
    if (!def || def->node_case != PG_QUERY__NODE__NODE_CONSTRAINT) return std::nullopt;
    return nodes::signature_of(*def->constraint);
}

}  // namespace policy
