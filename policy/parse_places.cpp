#include <algorithm>

#include "policy/parse_nodes.hpp"

// Where the parts of an ALTER TABLE stand in its text: the parser tells where names and constraints begin, and no more.
namespace policy::nodes {
namespace {

bool is_name(const token& t) noexcept { return t.kind == token_kind::word || t.kind == token_kind::quoted_name; }

// Behind the table's name: schema.t, (t) of ONLY, t *.
token behind_name(scanner& scan) {
    token t = scan.next();
    for (; is_name(t); t = scan.next())
        if (t = scan.next(); !t.is('.')) break;
    if (t.is(')')) t = scan.next();
    if (t.is('*')) t = scan.next();
    return t;
}

int depth_change(const token& t) noexcept {
    if (t.is('(') || t.is('[')) return 1;
    return t.is(')') || t.is(']') ? -1 : 0;
}

std::vector<span> spans_read(std::string_view sql, std::size_t from) {
    scanner scan(sql.substr(from), {});
    std::vector<span> out;
    token t = behind_name(scan);
    // Of a name in U&"..." the word goes on.
    if (t.is(word("uescape"))) return out;
    int depth = 0;
    bool begins = true;
    for (; t.kind != token_kind::end && !(depth == 0 && t.is(';')); t = scan.next()) {
        if (t.kind == token_kind::unfinished || t.kind == token_kind::broken) return {};
        depth += depth_change(t);
        if (depth == 0 && t.is(',')) {
            begins = true;
            continue;
        }
        if (begins) out.push_back({from + t.begin, 0});
        out.back().length = from + t.end - out.back().offset;
        begins = false;
    }
    return out;
}

bool is_attribute(const PgQuery__Constraint& c) noexcept {
    switch (c.contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRABLE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_NOT_DEFERRABLE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_DEFERRED:
    case PG_QUERY__CONSTR_TYPE__CONSTR_ATTR_IMMEDIATE: return true;
    default: return false;
    }
}

// Those that column_words.constraints has, in the same order.
bool is_kept(const PgQuery__Constraint& c) noexcept {
    switch (c.contype) {
    case PG_QUERY__CONSTR_TYPE__CONSTR_CHECK:
    case PG_QUERY__CONSTR_TYPE__CONSTR_UNIQUE:
    case PG_QUERY__CONSTR_TYPE__CONSTR_PRIMARY:
    case PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN: return true;
    default: return false;
    }
}

}  // namespace

std::vector<span> action_spans(std::string_view sql, std::size_t from, std::size_t actions) {
    auto spans = spans_read(sql, from);
    if (spans.size() != actions) spans.clear();
    return spans;
}

span tokens_between(std::string_view sql, std::size_t from, std::size_t to) {
    scanner scan(sql.substr(0, to).substr(from), {});
    span out{from, 0};
    for (token t = scan.next(); t.kind != token_kind::end; t = scan.next()) out.length = t.end;
    return out;
}

void place_constraints(const PgQuery__ColumnDef& c, std::string_view sql, span action, column_words& column) {
    std::vector<std::size_t> begins;  // of all that stands behind the column's type
    if (c.coll_clause) begins.push_back(static_cast<std::size_t>(c.coll_clause->location));
    for (const auto* n : list(c.constraints, c.n_constraints))
        if (n->node_case == PG_QUERY__NODE__NODE_CONSTRAINT && !is_attribute(*n->constraint))
            begins.push_back(static_cast<std::size_t>(n->constraint->location));
    auto next = column.constraints.begin();
    for (const auto* n : list(c.constraints, c.n_constraints)) {
        if (n->node_case != PG_QUERY__NODE__NODE_CONSTRAINT) continue;
        const auto type = n->constraint->contype;
        const bool kept = is_kept(*n->constraint);
        const bool is_default = type == PG_QUERY__CONSTR_TYPE__CONSTR_DEFAULT, not_null = type == PG_QUERY__CONSTR_TYPE__CONSTR_NOTNULL;
        if (!kept && !is_default && !not_null) continue;
        if (kept && next == column.constraints.end()) return;
        const auto from = static_cast<std::size_t>(n->constraint->location);
        auto to = action.offset + action.length;
        for (const auto begin : begins)
            if (begin > from) to = std::min(to, begin);
        auto& where = is_default ? column.default_where : not_null ? column.not_null_where : (next++)->where;
        where = tokens_between(sql, from, to);
    }
}

}  // namespace policy::nodes
