#include <boost/json.hpp>

#include <cstdlib>
#include <memory>
#include <optional>

#include "policy/parse.hpp"
#include "policy/parse_nodes.hpp"
#include "policy/quote.hpp"

// DO blocks: the body is read by libpg_query's PL/pgSQL parser, which gives a tree as JSON.
namespace policy::nodes {
namespace {

namespace json = boost::json;

struct free_result {
    void operator()(PgQueryPlpgsqlParseResult* r) const noexcept {
        pg_query_free_plpgsql_parse_result(*r);
        delete r;
    }
};

// The SQL that a body runs, by the kind of PL/pgSQL statement that holds it.
class body_reader {
public:
    body_reader(block& out, std::string& opaque) noexcept : out_(out), opaque_(opaque) {}

    void read(const json::value& v) {
        if (const auto* array = v.if_array())
            for (const auto& element : *array) read(element);
        const auto* object = v.if_object();
        if (!object) return;
        for (const auto& [key, value] : *object) {
            if (key == "PLpgSQL_stmt_execsql") take(sql_in(value, "sqlstmt"));
            else if (key == "PLpgSQL_stmt_dynexecute" || key == "PLpgSQL_stmt_dynfors") take_dynamic(sql_in(value, "query"));
            else if (key == "PLpgSQL_stmt_perform") take(sql_in(value, "expr"));
            else if (key == "PLpgSQL_stmt_call") opaque_ = "CALL";
            else if (key == "PLpgSQL_expr") take_expression(text_of(value, "query"));
            read(value);
        }
    }

private:
    static std::string text_of(const json::value& v, std::string_view field) {
        const auto* object = v.if_object();
        const auto* found = object ? object->if_contains(field) : nullptr;
        return found && found->is_string() ? std::string(found->get_string()) : std::string();
    }

    static std::string sql_in(const json::value& v, std::string_view field) {
        const auto* object = v.if_object();
        const auto* expression = object ? object->if_contains(field) : nullptr;
        const auto* inner = expression && expression->is_object() ? expression->get_object().if_contains("PLpgSQL_expr") : nullptr;
        return inner ? text_of(*inner, "query") : std::string();
    }

    void take(const std::string& sql) {
        for (auto& s : parse(sql, true)) {
            if (std::holds_alternative<unparseable>(s.what)) opaque_ = "a statement that does not parse";
            add(std::move(s), sql);
        }
    }

    void add(statement s, const std::string& sql) {
        out_.body.push_back(std::move(s));
        out_.texts.push_back(sql);
    }

    // EXECUTE 'a literal': what it runs is known. Anything else is made up when it runs.
    void take_dynamic(const std::string& expression) {
        const auto literal = literal_of(expression);
        if (literal) take(*literal);
        else opaque_ = "EXECUTE of a text that is made up when it runs";
    }

    // Conditions and assignments call functions, too.
    void take_expression(std::string expression) {
        if (const auto assigned = expression.find(":="); assigned != std::string::npos) expression.erase(0, assigned + 2);
        if (expression.find('(') == std::string::npos) return;
        const auto sql = "SELECT " + expression;
        for (auto& s : parse(sql, true))
            if (std::holds_alternative<query>(s.what)) add(std::move(s), sql);
    }

    static std::optional<std::string> literal_of(const std::string& expression) {
        std::optional<std::string> out;
        const auto select = "SELECT " + expression;
        const std::unique_ptr<PgQueryProtobufParseResult, void (*)(PgQueryProtobufParseResult*)> result(
            new PgQueryProtobufParseResult(pg_query_parse_protobuf(select.c_str())), [](PgQueryProtobufParseResult* r) {
                pg_query_free_protobuf_parse_result(*r);
                delete r;
            });
        if (result->error) return out;
        auto* tree = pg_query__parse_result__unpack(nullptr, result->parse_tree.len,
                                                    reinterpret_cast<const std::uint8_t*>(result->parse_tree.data));
        if (!tree) return out;
        if (tree->n_stmts == 1 && tree->stmts[0]->stmt && tree->stmts[0]->stmt->node_case == PG_QUERY__NODE__NODE_SELECT_STMT) {
            const auto& s = *tree->stmts[0]->stmt->select_stmt;
            if (s.n_target_list == 1 && s.n_from_clause == 0) out = constant(s.target_list[0]->res_target->val);
        }
        pg_query__parse_result__free_unpacked(tree, nullptr);
        return out;
    }

    block& out_;
    std::string& opaque_;
};

}  // namespace

// libpg_query gets the body alone: it would also compile every CREATE FUNCTION behind the DO, and where one of them, or the DO,
// has no body, its assertion ends the process.
words block_of(const PgQuery__DoStmt& s) {
    std::string language = "plpgsql";
    std::optional<std::string> body;
    for (const auto* n : list(s.args, s.n_args)) {
        if (n->node_case != PG_QUERY__NODE__NODE_DEF_ELEM) continue;
        if (text(n->def_elem->defname) == "language") language = string_of(n->def_elem->arg);
        if (text(n->def_elem->defname) == "as") body = string_of(n->def_elem->arg);
    }
    if (language != "plpgsql") return unmodelled{"DO LANGUAGE " + language};
    if (!body) return unmodelled{"DO"};
    const std::string statement = "DO " + literal(*body);
    const std::unique_ptr<PgQueryPlpgsqlParseResult, free_result> result(
        new PgQueryPlpgsqlParseResult(pg_query_parse_plpgsql(statement.c_str())));
    if (result->error || !result->plpgsql_funcs) return unmodelled{"DO"};
    block out;
    std::string opaque;
    boost::system::error_code error;
    const auto tree = json::parse(result->plpgsql_funcs, error);
    if (error) return unmodelled{"DO"};
    body_reader(out, opaque).read(tree);
    for (const auto& inner : out.body)
        if (const auto* no = std::get_if<unmodelled>(&inner.what)) opaque = no->what;
    if (!opaque.empty()) return unmodelled{"DO: " + opaque};
    return out;
}

}  // namespace policy::nodes
