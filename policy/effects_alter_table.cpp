#include <algorithm>

#include "policy/alter_costs.hpp"
#include "policy/alteration.hpp"
#include "policy/index_name.hpp"
#include "policy/type_change.hpp"
#include "policy/version_differences.hpp"

namespace policy {

using enum lock_mode;

void alteration::run() {
    if (!root_.exists) return;
    for (const auto& step : words_.steps) lock_ = std::max(lock_, lock_of(step));
    out_.add(root_, {lock_});
    for (const auto& step : words_.steps) {
        for (const auto* r : reached_by(step)) out_.add(*r, {lock_on_part(step, *r), work_of(step, *r)});
        partners(step);
    }
}

lock_mode alteration::lock_of(const alter_step& step) const {
    if (step.action == alter_action::add_constraint && step.constraint &&
        step.constraint->kind == constraint_kind::foreign_key)
        return share_row_exclusive;
    if (step.action == alter_action::set_options && words_.kind != object_kind::view) {
        const bool in_place = std::all_of(step.options.begin(), step.options.end(), changes_in_place);
        return in_place ? share_update_exclusive : access_exclusive;
    }
    // ALTER INDEX ... ATTACH PARTITION
    if (step.action == alter_action::attach_partition) return share_update_exclusive;
    return cost_of(step.action).lock;
}

std::vector<const relation_facts*> alteration::reached_by(const alter_step& step) const {
    auto goes = cost_of(step.action).goes;
    if (step.constraint && step.constraint->no_inherit) goes = recursion::none;
    if (step.constraint && step.constraint->kind != constraint_kind::check &&
        step.constraint->kind != constraint_kind::not_null && goes == recursion::inheritors)
        goes = recursion::partitions;
    if (words_.only || goes == recursion::none || (goes == recursion::partitions && !root_.partitioned())) return {&root_};
    return out_.family(root_);
}

lock_mode alteration::lock_on_part(const alter_step& step, const relation_facts& r) const {
    const bool builds = step.action == alter_action::add_constraint && step.constraint &&
                        (step.constraint->kind == constraint_kind::unique || step.constraint->kind == constraint_kind::exclusion ||
                         step.constraint->kind == constraint_kind::primary_key);
    if (&r == &root_ || !builds) return lock_;
    return lock_on(difference::unique_on_partitions, out_.session().server_version);
}

work alteration::work_of(const alter_step& step, const relation_facts& r) const {
    switch (step.action) {
    case alter_action::add_column: return step.column ? work_of_new(*step.column, step, r) : work::none;
    case alter_action::add_constraint: return step.constraint ? work_of(*step.constraint, r) : work::none;
    case alter_action::set_type: return step.column ? work_of_type(*step.column, step, r) : work::rewrite;
    case alter_action::set_not_null: return proved(step.name, r) ? work::none : work::scan;
    case alter_action::validate_constraint: return valid(step.name, r) ? work::none : work::scan;
    case alter_action::set_logged: return r.known && !r.unlogged ? work::none : work::rewrite;
    case alter_action::set_unlogged: return r.known && r.unlogged ? work::none : work::rewrite;
    case alter_action::set_tablespace: return r.known && r.tablespace == step.value ? work::none : work::rewrite;
    case alter_action::set_access_method: return r.known && r.access_method == step.value ? work::none : work::rewrite;
    case alter_action::set_expression: return virtual_column(step.name, r) ? work::none : work::rewrite;
    default: return cost_of(step.action).work;
    }
}

bool alteration::valid(const std::string& name, const relation_facts& r) {
    return std::any_of(r.constraints.begin(), r.constraints.end(), [&](const auto& k) { return k.name == name && k.valid; });
}

bool alteration::virtual_column(const std::string& name, const relation_facts& r) {
    const auto* c = r.column(name);
    return c && c->is_virtual;
}

// Not null already, or by a CHECK that this statement does not drop. One that a killed run of ours has left is no such proof:
// what is done in steps takes it up, and drops it in the end.
bool alteration::proved(const std::string& column, const relation_facts& r) const {
    const auto* c = r.column(column);
    if (c && c->not_null) return true;
    return std::any_of(r.constraints.begin(), r.constraints.end(), [&](const constraint_facts& k) {
        const bool dropped = std::any_of(words_.steps.begin(), words_.steps.end(), [&](const alter_step& s) {
            return s.action == alter_action::drop_constraint && s.name == k.name;
        });
        return k.kind == constraint_kind::check && k.valid && !dropped && k.name != not_null_proof_name(words_.relation.name, column) &&
               std::find(k.not_null.begin(), k.not_null.end(), column) != k.not_null.end();
    });
}

bool alteration::added_empty(const std::string& column) const {
    return std::any_of(words_.steps.begin(), words_.steps.end(), [&](const alter_step& s) {
        return s.action == alter_action::add_column && s.column && s.column->name == column &&
               s.column->has_default == default_kind::none;
    });
}

work alteration::work_of(const constraint_words& c, const relation_facts& r) const {
    switch (c.kind) {
    case constraint_kind::foreign_key:
    case constraint_kind::check:
    case constraint_kind::not_null: return c.not_valid ? work::none : work::scan;
    case constraint_kind::primary_key: return c.using_index ? work_of_key_on(c.index, r) : work::index_build;
    case constraint_kind::unique:
    case constraint_kind::exclusion: return c.using_index ? work::none : work::index_build;
    case constraint_kind::other: break;
    }
    return work::none;
}

// PRIMARY KEY USING INDEX sets its columns NOT NULL.
work alteration::work_of_key_on(const std::string& index, const relation_facts& r) const {
    if (!r.known) return work::scan;
    for (const auto& i : r.indexes)
        if (i.name == index)
            return std::all_of(i.columns.begin(), i.columns.end(), [&](const auto& c) { return proved(c, r); }) ? work::none
                                                                                                             : work::scan;
    return work::scan;
}

bool alteration::may_be_volatile(const column_words& c) const {
    const auto& e = c.default_expression;
    if (c.has_default == default_kind::none || e.constant) return false;
    if (!catalog_.asked) return c.has_default == default_kind::expression;
    return std::any_of(e.functions.begin(), e.functions.end(), [&](const auto& f) { return catalog_.may_be_volatile(f); });
}

work alteration::work_of_new(const column_words& c, const alter_step& step, const relation_facts& r) const {
    const auto* there = step.if_exists ? r.column(c.name) : nullptr;
    if (there && there->mark.empty()) return work::none;  // a mark: a killed run of ours has got no further
    const auto* type = catalog_.type(c.type_parts);
    // Before 19 a constrained domain is always checked row by row, by writing the rows anew.
    const bool constrained = type && type->constrained;
    auto all = work::none;
    if (c.identity || c.serial || c.generated_stored || constrained || may_be_volatile(c)) all = work::rewrite;
    if (c.not_null && c.has_default == default_kind::none) all = std::max(all, work::scan);
    for (const auto& constraint : c.constraints) {
        // A foreign key on a new column has nothing to check, unless the column comes with values.
        const bool empty = constraint.kind == constraint_kind::foreign_key && c.has_default == default_kind::none;
        if (!empty) all = std::max(all, work_of(constraint, r));
    }
    return all;
}

bool alteration::uses(const index_facts& i, const std::string& column) {
    return std::find(i.columns.begin(), i.columns.end(), column) != i.columns.end() ||
           std::find(i.uses.begin(), i.uses.end(), column) != i.uses.end();
}

work alteration::work_of_type(const column_words& c, const alter_step& step, const relation_facts& r) const {
    const auto* from = r.column(step.name);
    if (!from || !keeps_rows(*from, c, catalog_, out_.session())) return work::rewrite;
    // Generated columns of it are computed anew; PostgreSQL refuses the change instead.
    auto all = work::none;
    for (const auto& i : r.indexes) {
        if (!uses(i, step.name)) continue;
        const bool in_expression = std::find(i.uses.begin(), i.uses.end(), step.name) != i.uses.end();
        if (in_expression || i.parent != 0 || !keeps_index(*from, c, catalog_)) return work::index_build;
    }
    for (const auto& k : r.constraints)
        if (k.kind == constraint_kind::check && std::find(k.columns.begin(), k.columns.end(), step.name) != k.columns.end())
            all = work::scan;
    return all;
}

void list(const alter_table& a, effect_list& out) { alteration(a, out).run(); }

}  // namespace policy
