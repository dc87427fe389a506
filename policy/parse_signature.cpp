#include "policy/parse_nodes.hpp"

namespace policy::nodes {
namespace {

// Writes a definition in one spelling. What it cannot spell makes it fail, for good: two definitions are
// called the same only where every part of them was understood.
class signature {
public:
    std::optional<std::string> of(const PgQuery__IndexStmt& s) {
        add(s.unique ? "unique " : "");
        add(s.nulls_not_distinct ? "nulls not distinct " : "");
        add(s.access_method && *s.access_method ? s.access_method : "btree");
        for (const auto* n : list(s.index_params, s.n_index_params)) element(n);
        add(" include");
        for (const auto* n : list(s.index_including_params, s.n_index_including_params)) element(n);
        add(" with");
        for (const auto* n : list(s.options, s.n_options)) option(n);
        add(" where ");
        if (s.where_clause) expression(s.where_clause);
        return result();
    }

    std::optional<std::string> of(const PgQuery__Constraint& c) {
        const auto is = [&](PgQuery__ConstrType type) { return c.contype == type; };
        if (is(PG_QUERY__CONSTR_TYPE__CONSTR_CHECK)) {
            add(c.is_no_inherit ? "check no inherit " : "check ");
            expression(c.raw_expr);
        } else if (is(PG_QUERY__CONSTR_TYPE__CONSTR_FOREIGN)) {
            add("foreign key");
            for (const auto& part : {text(c.fk_matchtype), text(c.fk_upd_action), text(c.fk_del_action)}) add(" " + part);
            for (const auto& column : strings(list(c.fk_del_set_cols, c.n_fk_del_set_cols))) add(quoted_name(column));
            add(c.deferrable ? " deferrable" : "");
            add(c.initdeferred ? " deferred" : "");
        } else {
            give_up();
        }
        return result();
    }

private:
    std::optional<std::string> result() {
        if (!understood_) return std::nullopt;
        return std::move(out_);
    }

    void add(std::string_view s) { out_ += s; }

    void element(const PgQuery__Node* n) {
        if (n->node_case != PG_QUERY__NODE__NODE_INDEX_ELEM) return give_up();
        const auto& e = *n->index_elem;
        add(" (");
        if (e.name && *e.name)
            add(quoted_name(e.name));
        else
            expression(e.expr);
        qualified(" collate ", list(e.collation, e.n_collation));
        qualified(" ", list(e.opclass, e.n_opclass));
        for (const auto* o : list(e.opclassopts, e.n_opclassopts)) option(o);
        const bool down = e.ordering == PG_QUERY__SORT_BY_DIR__SORTBY_DESC;
        const bool nulls_first = e.nulls_ordering == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_FIRST ||
                                 (down && e.nulls_ordering == PG_QUERY__SORT_BY_NULLS__SORTBY_NULLS_DEFAULT);
        add(down ? " desc" : "");
        add(nulls_first ? " nulls first)" : ")");
    }

    // Names in pg_catalog are shown without it.
    void qualified(std::string_view before, std::span<PgQuery__Node* const> names) {
        if (names.empty()) return;
        add(before);
        for (const auto* n : names)
            if (const auto part = string_of(n); part != "pg_catalog") add(quoted_name(part) + ".");
    }

    void option(const PgQuery__Node* n) {
        if (n->node_case != PG_QUERY__NODE__NODE_DEF_ELEM) return give_up();
        const auto value = n->def_elem->arg ? constant(n->def_elem->arg) : std::optional<std::string>("true");
        if (!value) return give_up();
        add(" " + quoted_name(text(n->def_elem->defname)) + "=" + quoted_name(*value));
    }

    void expression(const PgQuery__Node* n) {
        if (!n) return give_up();
        switch (n->node_case) {
        case PG_QUERY__NODE__NODE_COLUMN_REF:
            for (const auto* f : list(n->column_ref->fields, n->column_ref->n_fields)) column_part(f);
            return;
        case PG_QUERY__NODE__NODE_A_CONST: return constant_value(n);
        case PG_QUERY__NODE__NODE_TYPE_CAST: return cast(*n->type_cast);
        case PG_QUERY__NODE__NODE_FUNC_CALL: return call(*n->func_call);
        case PG_QUERY__NODE__NODE_A_EXPR: return operation(*n->a_expr);
        case PG_QUERY__NODE__NODE_A_ARRAY_EXPR: return elements(list(n->a_array_expr->elements, n->a_array_expr->n_elements));
        case PG_QUERY__NODE__NODE_LIST: return elements(list(n->list->items, n->list->n_items));
        case PG_QUERY__NODE__NODE_NULL_TEST:
            expression(n->null_test->arg);
            return add(n->null_test->nulltesttype == PG_QUERY__NULL_TEST_TYPE__IS_NULL ? " is null" : " is not null");
        case PG_QUERY__NODE__NODE_BOOL_EXPR:
            add("(" + std::to_string(n->bool_expr->boolop));
            for (const auto* a : list(n->bool_expr->args, n->bool_expr->n_args)) argument(a);
            return add(")");
        default: return give_up();
        }
    }

    void argument(const PgQuery__Node* n) {
        add(",");
        expression(n);
    }

    void column_part(const PgQuery__Node* n) {
        if (n->node_case != PG_QUERY__NODE__NODE_STRING) return give_up();
        add(quoted_name(string_of(n)));
    }

    void constant_value(const PgQuery__Node* n) {
        if (n->a_const->isnull) return add("null");
        const auto value = constant(n);
        if (!value) return give_up();
        add("'" + quoted_name(*value));
    }

    // PostgreSQL shows an index with the casts that it added: (name)::text, 'a'::text. They are left out, so that what
    // a client wrote and what pg_get_indexdef returns compare equal.
    void cast(const PgQuery__TypeCast& c) {
        const bool of_constant = c.arg && c.arg->node_case == PG_QUERY__NODE__NODE_A_CONST;
        const bool of_column = c.arg && c.arg->node_case == PG_QUERY__NODE__NODE_COLUMN_REF;
        if (!c.type_name || c.type_name->n_names == 0) return give_up();
        const bool of_array = c.arg && c.arg->node_case == PG_QUERY__NODE__NODE_A_ARRAY_EXPR;
        const auto type = string_of(c.type_name->names[c.type_name->n_names - 1]);
        expression(c.arg);
        if (of_array) return;
        if (of_constant || (of_column && type == "text")) return;
        if (c.type_name->n_typmods > 0 || c.type_name->n_array_bounds > 0) return give_up();
        qualified("::", list(c.type_name->names, c.type_name->n_names));
    }

    void call(const PgQuery__FuncCall& f) {
        if (f.n_agg_order > 0 || f.agg_filter || f.over || f.agg_star || f.agg_distinct || f.func_variadic) return give_up();
        qualified("", list(f.funcname, f.n_funcname));
        add("(");
        for (const auto* a : list(f.args, f.n_args)) argument(a);
        add(")");
    }

    void elements(std::span<PgQuery__Node* const> all) {
        add("[");
        for (const auto* n : all) argument(n);
        add("]");
    }

    // a IN (1, 2) is shown as a = ANY (ARRAY[1, 2]), and NOT IN as <> ALL.
    void operation(const PgQuery__AExpr& e) {
        const auto name = e.n_name == 1 ? string_of(e.name[0]) : std::string();
        const bool any = e.kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY || e.kind == PG_QUERY__A__EXPR__KIND__AEXPR_IN;
        const bool every = e.kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ALL || (any && name == "<>");
        if (e.kind != PG_QUERY__A__EXPR__KIND__AEXPR_OP && !any && !every) return give_up();
        // <> ANY is another thing than NOT IN.
        if (e.kind == PG_QUERY__A__EXPR__KIND__AEXPR_OP_ANY && name == "<>") return give_up();
        add("(");
        if (e.lexpr) expression(e.lexpr);
        qualified(" ", list(e.name, e.n_name));
        add(every ? " all " : any ? " any " : "");
        expression(e.rexpr);
        add(")");
    }

    static std::string quoted_name(std::string_view s) {
        std::string out = "\"";
        for (char c : s) {
            if (c == '"') out += c;
            out += c;
        }
        return out + '"';
    }

    void give_up() noexcept { understood_ = false; }

    std::string out_;
    bool understood_ = true;
};

}  // namespace

std::optional<std::string> signature_of(const PgQuery__IndexStmt& s) { return signature().of(s); }
std::optional<std::string> signature_of(const PgQuery__Constraint& c) { return signature().of(c); }

}  // namespace policy::nodes
