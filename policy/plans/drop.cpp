#include "policy/plans/drop.hpp"

#include <algorithm>

#include "policy/hazards.hpp"
#include "policy/plans/draft.hpp"
#include "policy/plans/guards.hpp"
#include "policy/plans/leftover_index.hpp"
#include "policy/qualified_sql.hpp"
#include "policy/quote.hpp"

// A foreign key locks the other table when it goes, and that lock is then held until the files of the dropped table are
// gone as well. There is no undo: what is dropped is dropped, and the same statement run again does what is left.
namespace policy::plans {
namespace {

// What is dropped: the column, or without one the whole table.
struct target {
    relation_facts table;
    std::optional<column_facts> column;
    bool cascade = false;

    bool has(const std::vector<std::string>& columns) const {
        return !column || std::find(columns.begin(), columns.end(), column->name) != columns.end();
    }
};

bool stands_alone(const relation_facts& t) {
    return t.known && t.kind == 'r' && in_use(t) && !t.is_partition && t.parents.empty() && t.children.empty();
}

// Objects that only CASCADE drops along: without it the server refuses the statement, and nothing may be gone by then.
// pg_depend.deptype: n(ormal); those that go along have an a(uto) or i(nternal) one as well.
std::string objects_in_the_way(const target& t) {
    const auto of_column = [&](std::string_view row) {
        return t.column ? " AND (" + std::string(row) + ".refobjsubid = " + number(t.column->number, "int4") + ")" : std::string();
    };
    return with_qualified_operators(
        "EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE (d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass) AND "
        "(d.refobjid = " +
        number(t.table.oid, "oid") + ") AND (d.deptype = " + letter('n') + ")" + of_column("d") +
        " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS o WHERE (o.classid = d.classid) AND (o.objid = d.objid) AND "
        "(o.refclassid = d.refclassid) AND (o.refobjid = d.refobjid) AND ((o.deptype = " +
        letter('a') + ") OR (o.deptype = " + letter('i') + "))" + of_column("o") + "))");
}

class drop_plan {
public:
    drop_plan(const context& c, target t) : c_(c), t_(std::move(t)) {}

    std::optional<plan> made_of_parts() && {
        for (const auto& k : t_.table.constraints)
            if (k.kind == constraint_kind::foreign_key && (t_.has(k.columns) || (refers_to_it(k) && t_.cascade))) drop_key(t_.table, k);
        if (t_.cascade)
            for (const auto oid : t_.table.referenced_by)
                if (oid != t_.table.oid) drop_keys_from(c_.known.reached(oid));
        if (t_.column) drop_indexes();
        if (plan_.steps.empty() || !possible_ || !matters_) return std::nullopt;
        drop_the_rest();
        return std::move(plan_);
    }

private:
    bool refers_to_it(const constraint_facts& k) const {
        return k.kind == constraint_kind::foreign_key && k.referenced == t_.table.oid && t_.has(k.referenced_columns);
    }

    void drop_keys_from(const relation_facts* other) {
        if (!other || !stands_alone(*other)) return void(possible_ = false);
        for (const auto& k : other->constraints)
            if (refers_to_it(k)) drop_key(*other, k);
    }

    void drop_key(const relation_facts& table, const constraint_facts& k) {
        const auto* partner = k.referenced == table.oid      ? &table
                              : k.referenced == t_.table.oid ? &t_.table
                                                             : c_.known.reached(k.referenced);
        if (!partner || k.inherited) return void(possible_ = false);
        const auto& other = table.oid == t_.table.oid ? *partner : table;
        matters_ = matters_ || is_large(other, c_) || is_large(t_.table, c_);
        partners_.push_back(readable(other.name));
        auto s = drop_of_constraint(table, k, "the lock on " + readable(other.name) + " is let go at once");
        s.locks.push_back({readable(partner->name), lock_mode::access_exclusive});
        plan_.steps.push_back(std::move(s));
    }

    void drop_indexes() {
        for (const auto& k : t_.table.constraints)
            if (k.kind == constraint_kind::unique && t_.has(k.columns) && !k.inherited) {
                plan_.steps.push_back(drop_of_constraint(t_.table, k, "its index goes by itself"));
                matters_ = matters_ || is_large(t_.table, c_);
            }
        for (const auto& i : t_.table.indexes) {
            if (!i.constraint.empty() || i.parent != 0 || !(t_.has(i.columns) || t_.has(i.uses))) continue;
            auto s =
                made(dropped_concurrently(t_.table, i.name), timeout_class::online, "reads and writes go on until nobody uses it any more");
            s.unless = negated(has_free_index(t_.table, i.name)) + in_the_way();
            plan_.steps.push_back(std::move(s));
            matters_ = matters_ || is_large(t_.table, c_);
        }
    }

    step drop_of_constraint(const relation_facts& table, const constraint_facts& k, std::string why) const {
        auto s = made("ALTER TABLE " + quote_ident(table.name) + " DROP CONSTRAINT " + quote_ident(k.name), timeout_class::blocking, std::move(why));
        s.unless = negated(has_constraint(table, k.name, k.kind, validity::any)) + in_the_way();
        s.locks = {{readable(table.name), lock_mode::access_exclusive}};
        return s;
    }

    std::string in_the_way() const { return t_.cascade ? "" : " OR " + objects_in_the_way(t_); }

    // The client's own statement, which waits for those no more that the foreign keys led to.
    void drop_the_rest() {
        auto s = made(std::string(c_.own_text()), timeout_class::blocking,
                      "done at once, and without a lock on another table");
        for (const auto& r : c_.does.relations)
            if (r.visible && !r.index && r.lock >= lock_mode::share &&
                std::find(partners_.begin(), partners_.end(), r.relation) == partners_.end())
                s.locks.push_back({r.relation, r.lock});
        plan_.steps.push_back(std::move(s));
        plan_.tag = c_.what.kind;
    }

    const context& c_;
    const target t_;
    plan plan_;
    std::vector<std::string> partners_;
    bool possible_ = true;
    bool matters_ = false;  // one of the tables is not small
};

std::optional<target> target_of(const context& c) {
    if (const auto* d = std::get_if<ddl>(&c.what.what)) {
        if (d->verb != verb::drop_relation || d->kind != object_kind::table || d->relations.size() != 1) return std::nullopt;
        return target{c.known.relation(d->relations.front().name), std::nullopt, d->cascade};
    }
    const auto* a = std::get_if<alter_table>(&c.what.what);
    if (!a || a->kind != object_kind::table || a->steps.size() != 1 || a->steps.front().action != alter_action::drop_column)
        return std::nullopt;
    auto table = c.known.relation(a->relation);
    const auto* column = table.column(a->steps.front().name);
    if (!column) return std::nullopt;
    return target{table, *column, a->steps.front().cascade};
}

bool may_run_in_steps(const context& c) {
    if (!c.only_change) return false;
    return !c.session.in_transaction || (!c.session.pipelined && c.settings.transactions == config::transactions::split);
}

}  // namespace

std::optional<plan> drop_in_steps(const context& c) {
    if (!may_run_in_steps(c)) return std::nullopt;
    auto t = target_of(c);
    if (!t || !stands_alone(t->table)) return std::nullopt;
    return drop_plan(c, std::move(*t)).made_of_parts();
}

}  // namespace policy::plans
