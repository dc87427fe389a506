#include <algorithm>
#include <array>

#include "policy/parse_nodes.hpp"

// Whether an UPDATE or DELETE can be done in parts: nothing may hang on when a row is changed, or on how often.
namespace policy::nodes {
namespace {

// Read when the statement runs: the same text is another moment in the next part (manual, "Special Values" of dates).
bool is_moment(const std::string& constant) {
    std::string text;
    for (const char c : constant) text += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    constexpr std::array<std::string_view, 4> moments{"now", "today", "tomorrow", "yesterday"};
    return std::any_of(moments.begin(), moments.end(), [&](std::string_view word) {
        const auto letter = [&](std::size_t i) { return i < text.size() && text[i] >= 'a' && text[i] <= 'z'; };
        for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
            if (!(at > 0 && letter(at - 1)) && !letter(at + word.size())) return true;
        return false;
    });
}

// Empty: the node gives the same whenever it is worked out, and also where its row has been changed already.
std::string reason_against(const PgQuery__Node& n, const std::vector<std::string>& assigned) {
    switch (n.node_case) {
    case PG_QUERY__NODE__NODE_A_CONST: return is_moment(constant(&n).value_or("")) ? "it names a moment" : "";
    case PG_QUERY__NODE__NODE_COLUMN_REF: {
        const auto& last = *n.column_ref->fields[n.column_ref->n_fields - 1];
        if (last.node_case != PG_QUERY__NODE__NODE_STRING) return "it takes a whole row";
        const bool changed = std::find(assigned.begin(), assigned.end(), string_of(&last)) != assigned.end();
        return changed ? "it works out a column from one that it changes, which must not be done twice" : "";
    }
    case PG_QUERY__NODE__NODE_FUNC_CALL:
    case PG_QUERY__NODE__NODE_SQLVALUE_FUNCTION: return "it calls a function";
    case PG_QUERY__NODE__NODE_SUB_LINK: return "it has a sub-select";
    case PG_QUERY__NODE__NODE_PARAM_REF: return "it has parameters";
    case PG_QUERY__NODE__NODE_SET_TO_DEFAULT: return "it sets a default, which may be another one each time";
    case PG_QUERY__NODE__NODE_TYPE_CAST:
    case PG_QUERY__NODE__NODE_A_EXPR:
    case PG_QUERY__NODE__NODE_BOOL_EXPR:
    case PG_QUERY__NODE__NODE_NULL_TEST:
    case PG_QUERY__NODE__NODE_BOOLEAN_TEST:
    case PG_QUERY__NODE__NODE_CASE_EXPR:
    case PG_QUERY__NODE__NODE_CASE_WHEN:
    case PG_QUERY__NODE__NODE_COALESCE_EXPR:
    case PG_QUERY__NODE__NODE_MIN_MAX_EXPR:
    case PG_QUERY__NODE__NODE_A_ARRAY_EXPR:
    case PG_QUERY__NODE__NODE_COLLATE_CLAUSE:
    case PG_QUERY__NODE__NODE_LIST:
    case PG_QUERY__NODE__NODE_STRING:
    case PG_QUERY__NODE__NODE_INTEGER: return "";
    default: return "it is not certain that what it sets is always the same";
    }
}

}  // namespace

void describe(const PgQuery__UpdateStmt& s, row_write& w) {
    for (const auto* n : list(s.target_list, s.n_target_list)) {
        if (n->node_case != PG_QUERY__NODE__NODE_RES_TARGET || n->res_target->n_indirection > 0) w.not_in_parts = "it sets a part of a column";
        else w.assigned.push_back(text(n->res_target->name));
    }
    for (const auto* n : list(s.target_list, s.n_target_list))
        if (w.not_in_parts.empty() && n->node_case == PG_QUERY__NODE__NODE_RES_TARGET)
            visit(n->res_target->val, [&](const PgQuery__Node& part) {
                if (w.not_in_parts.empty()) w.not_in_parts = reason_against(part, w.assigned);
                if (part.node_case == PG_QUERY__NODE__NODE_COLUMN_REF)
                    w.read.push_back(string_of(part.column_ref->fields[part.column_ref->n_fields - 1]));
            });
    if (s.with_clause || s.n_from_clause > 0) w.not_in_parts = "it has WITH or FROM";
    if (s.n_returning_list > 0) w.not_in_parts = "it has RETURNING";
    w.only = s.relation && !s.relation->inh;
}

void describe(const PgQuery__DeleteStmt& s, row_write& w) {
    if (s.with_clause || s.n_using_clause > 0) w.not_in_parts = "it has WITH or USING";
    if (s.n_returning_list > 0) w.not_in_parts = "it has RETURNING";
    w.only = s.relation && !s.relation->inh;
}

}  // namespace policy::nodes
