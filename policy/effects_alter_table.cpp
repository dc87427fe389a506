#include <algorithm>
#include <array>

#include "policy/effect_list.hpp"
#include "policy/partition_proof.hpp"
#include "policy/type_change.hpp"
#include "policy/version_differences.hpp"

namespace policy {
namespace {

using enum lock_mode;

// To which relations below its own an action goes.
enum class recursion { none, partitions, inheritors };

struct action_cost {
    lock_mode lock = access_exclusive;
    policy::work work = work::none;
    recursion goes = recursion::none;
};

// The lock is taken in that strength on every relation that any action of the statement goes to
// (AlterTableGetLockLevel); what depends on an action's words or on the catalog is below.
constexpr action_cost row_of(alter_action a) noexcept {
    using enum alter_action;
    switch (a) {
    case set_statistics: return {share_update_exclusive, work::none, recursion::inheritors};
    case set_column_options:
    case cluster_on:
    case set_without_cluster:
    case attach_partition:
    case detach_partition_concurrently:
    case detach_partition_finalize: return {share_update_exclusive};
    case validate_constraint: return {share_update_exclusive, work::scan, recursion::inheritors};
    case switch_trigger: return {share_row_exclusive, work::none, recursion::partitions};
    case set_not_null: return {access_exclusive, work::scan, recursion::inheritors};
    case set_type:
    case set_expression: return {access_exclusive, work::rewrite, recursion::inheritors};
    case set_logged:
    case set_unlogged:
    case set_tablespace:
    case set_access_method: return {access_exclusive, work::rewrite};
    case add_column:
    case drop_column:
    case set_default:
    case drop_not_null:
    case set_storage:
    case set_compression:
    case drop_expression:
    case add_constraint: return {access_exclusive, work::none, recursion::inheritors};
    default: return {};
    }
}

// reloptions.c: the options that may change while the table is read and written. Every other one takes
// ACCESS EXCLUSIVE.
bool changes_in_place(std::string_view option) noexcept {
    if (option.starts_with("toast.")) option.remove_prefix(6);
    static constexpr std::array<std::string_view, 10> names{
        "fillfactor",    "deduplicate_items",    "toast_tuple_target",          "parallel_workers",
        "vacuum_truncate", "vacuum_index_cleanup", "log_autovacuum_min_duration", "vacuum_max_eager_freeze_failure_rate",
        "n_distinct", "n_distinct_inherited"};
    return option.starts_with("autovacuum_") || std::find(names.begin(), names.end(), option) != names.end();
}

class alteration {
public:
    alteration(const alter_table& a, effect_list& out)
        : words_(a), out_(out), root_(out.relation(a.relation)), catalog_(out.known().catalog()) {}

    void run() {
        if (!root_.exists) return;
        for (const auto& step : words_.steps) lock_ = std::max(lock_, lock_of(step));
        out_.add(root_, {lock_});
        for (const auto& step : words_.steps) {
            for (const auto* r : reached_by(step)) out_.add(*r, {lock_on_part(step, *r), work_of(step, *r)});
            partners(step);
        }
    }

private:
    lock_mode lock_of(const alter_step& step) const {
        if (step.action == alter_action::add_constraint && step.constraint &&
            step.constraint->kind == constraint_kind::foreign_key)
            return share_row_exclusive;
        if (step.action == alter_action::set_options && words_.kind != object_kind::view) {
            const bool in_place = std::all_of(step.options.begin(), step.options.end(), changes_in_place);
            return in_place ? share_update_exclusive : access_exclusive;
        }
        // ALTER INDEX ... ATTACH PARTITION
        if (step.action == alter_action::attach_partition) return share_update_exclusive;
        return row_of(step.action).lock;
    }

    std::vector<const relation_facts*> reached_by(const alter_step& step) const {
        auto goes = row_of(step.action).goes;
        if (step.constraint && step.constraint->no_inherit) goes = recursion::none;
        if (step.constraint && step.constraint->kind != constraint_kind::check &&
            step.constraint->kind != constraint_kind::not_null && goes == recursion::inheritors)
            goes = recursion::partitions;
        if (words_.only || goes == recursion::none || (goes == recursion::partitions && !root_.partitioned())) return {&root_};
        return out_.family(root_);
    }

    lock_mode lock_on_part(const alter_step& step, const relation_facts& r) const {
        const bool builds = step.action == alter_action::add_constraint && step.constraint &&
                            (step.constraint->kind == constraint_kind::unique || step.constraint->kind == constraint_kind::exclusion ||
                             step.constraint->kind == constraint_kind::primary_key);
        if (&r == &root_ || !builds) return lock_;
        return lock_on(difference::unique_on_partitions, out_.session().server_version);
    }

    work work_of(const alter_step& step, const relation_facts& r) const {
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
        default: return row_of(step.action).work;
        }
    }

    static bool valid(const std::string& name, const relation_facts& r) {
        return std::any_of(r.constraints.begin(), r.constraints.end(), [&](const auto& k) { return k.name == name && k.valid; });
    }

    static bool virtual_column(const std::string& name, const relation_facts& r) {
        const auto* c = r.column(name);
        return c && c->is_virtual;
    }

    // Not null already, or by a CHECK that this statement does not drop.
    bool proved(const std::string& column, const relation_facts& r) const {
        const auto* c = r.column(column);
        if (c && c->not_null) return true;
        return std::any_of(r.constraints.begin(), r.constraints.end(), [&](const constraint_facts& k) {
            const bool dropped = std::any_of(words_.steps.begin(), words_.steps.end(), [&](const alter_step& s) {
                return s.action == alter_action::drop_constraint && s.name == k.name;
            });
            return k.kind == constraint_kind::check && k.valid && !dropped &&
                   std::find(k.not_null.begin(), k.not_null.end(), column) != k.not_null.end();
        });
    }

    bool added_empty(const std::string& column) const {
        return std::any_of(words_.steps.begin(), words_.steps.end(), [&](const alter_step& s) {
            return s.action == alter_action::add_column && s.column && s.column->name == column &&
                   s.column->has_default == default_kind::none;
        });
    }

    work work_of(const constraint_words& c, const relation_facts& r) const {
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
    work work_of_key_on(const std::string& index, const relation_facts& r) const {
        if (!r.known) return work::scan;
        for (const auto& i : r.indexes)
            if (i.name == index)
                return std::all_of(i.columns.begin(), i.columns.end(), [&](const auto& c) { return proved(c, r); }) ? work::none
                                                                                                                 : work::scan;
        return work::scan;
    }

    bool may_be_volatile(const column_words& c) const {
        const auto& e = c.default_expression;
        if (c.has_default == default_kind::none || e.constant) return false;
        if (!catalog_.asked) return c.has_default == default_kind::expression;
        return std::any_of(e.functions.begin(), e.functions.end(), [&](const auto& f) { return catalog_.may_be_volatile(f); });
    }

    work work_of_new(const column_words& c, const alter_step& step, const relation_facts& r) const {
        if (step.if_exists && r.column(c.name)) return work::none;
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

    static bool uses(const index_facts& i, const std::string& column) {
        return std::find(i.columns.begin(), i.columns.end(), column) != i.columns.end() ||
               std::find(i.uses.begin(), i.uses.end(), column) != i.uses.end();
    }

    work work_of_type(const column_words& c, const alter_step& step, const relation_facts& r) const {
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

    void partners(const alter_step& step) {
        switch (step.action) {
        case alter_action::add_column:
            if (step.column)
                for (const auto& c : step.column->constraints) key_partner(c, step.column->has_default != default_kind::none);
            if (step.column)
                for (const auto& s : step.column->default_expression.sequences)
                    out_.add(s, {may_be_volatile(*step.column) ? row_exclusive : access_share});
            break;
        case alter_action::set_default:
            if (step.expression)
                for (const auto& s : step.expression->sequences) out_.add(s, {access_share});
            break;
        case alter_action::add_constraint:
            if (step.constraint)
                key_partner(*step.constraint, !std::any_of(step.constraint->columns.begin(), step.constraint->columns.end(),
                                                           [&](const auto& c) { return added_empty(c); }));
            break;
        case alter_action::validate_constraint: validated(step); break;
        case alter_action::drop_column: dropped({object_kind::column, "pg_attribute", {}, step.name, words_.relation, -1}, step); break;
        case alter_action::drop_constraint: dropped({object_kind::constraint, "pg_constraint", {}, step.name, words_.relation, -1}, step); break;
        case alter_action::set_type: retyped(step); break;
        case alter_action::set_identity: sequences_of(root_.column(step.name), share_row_exclusive); break;
        case alter_action::drop_identity:
            if (const auto* c = root_.column(step.name); c && c->identity) sequences_of(c, access_exclusive);
            break;
        case alter_action::set_owner:
            if (!(root_.known && (step.value.empty() ? root_.owner == out_.session().user : root_.owner == step.value)))
                sequences(access_exclusive);
            break;
        case alter_action::set_logged:
        case alter_action::set_unlogged:
            if (out_.session().server_version >= 15 && work_of(step, root_) != work::none) sequences(access_exclusive);
            break;
        case alter_action::inherit: partner(step, {share_update_exclusive}); break;
        case alter_action::no_inherit: partner(step, {access_share}); break;
        case alter_action::attach_partition: attached(step); break;
        case alter_action::detach_partition:
        case alter_action::detach_partition_concurrently:
        case alter_action::detach_partition_finalize: detached(step); break;
        default: break;
        }
        if (words_.kind == object_kind::composite_type && step.cascade)
            out_.add_dependents({object_kind::type, "pg_type", words_.relation.schema, words_.relation.name, {}, -1},
                                {access_exclusive, step.action == alter_action::set_type ? work::rewrite : work::none});
    }

    void partner(const alter_step& step, cost c) {
        if (step.partner) out_.add(*step.partner, c);
    }

    void sequences(lock_mode lock) {
        for (const auto& s : root_.sequences) out_.add(s.oid, {lock});
    }

    void sequences_of(const column_facts* column, lock_mode lock) {
        for (const auto& s : root_.sequences)
            if (!column || s.column == column->number) out_.add(s.oid, {lock});
    }

    void key_partner(const constraint_words& c, bool has_values) {
        if (!c.referenced) return;
        add_key_partner(out_.relation(*c.referenced),
                        {share_row_exclusive, c.not_valid || !has_values ? work::none : work::scan}, out_);
    }

    void validated(const alter_step& step) {
        for (const auto& added : words_.steps)
            if (added.constraint && added.constraint->name == step.name && added.constraint->referenced)
                add_key_partner(out_.relation(*added.constraint->referenced), {row_share, work::scan}, out_);
        for (const auto& k : root_.constraints)
            if (k.name == step.name && k.kind == constraint_kind::foreign_key && !k.valid)
                if (const auto* other = out_.relation(k.referenced)) add_key_partner(*other, {row_share, work::scan}, out_);
    }

    void dropped(const object_name& object, const alter_step& step) {
        out_.add_dependents(object, {access_exclusive});
        if (words_.only) return;
        for (const auto* r : out_.family(root_)) {
            const bool inherited = std::any_of(r->constraints.begin(), r->constraints.end(), [&](const auto& k) {
                return k.inherited && k.name == step.name;
            });
            if (inherited) out_.add(*r, {lock_});
        }
    }

    // A foreign key on the column is made anew, and checked where the type is another one.
    void retyped(const alter_step& step) {
        const auto* from = root_.column(step.name);
        if (!from || !step.column) return;
        const auto* to = catalog_.type(step.column->type_parts);
        const auto its_work = to && to->base == from->type ? work::none : work::scan;
        const auto has = [&](const std::vector<std::string>& columns) {
            return std::find(columns.begin(), columns.end(), step.name) != columns.end();
        };
        for (const auto& k : root_.constraints)
            if (k.kind == constraint_kind::foreign_key && has(k.columns)) out_.add(k.referenced, {access_exclusive, its_work});
        for (const auto oid : root_.referenced_by) {
            const auto* other = out_.relation(oid);
            if (!other) continue;
            for (const auto& k : other->constraints)
                if (k.referenced == root_.oid && has(k.referenced_columns)) out_.add_family(*other, {access_exclusive, its_work});
        }
        if (from->identity) sequences_of(from, share_row_exclusive);
        else if (from->has_default && !from->generated)
            sequences_of(from, lock_on(difference::retyped_serial, out_.session().server_version));
    }

    void attached(const alter_step& step) {
        if (!step.partner) return;
        const auto partition = out_.relation(*step.partner);
        if (words_.kind == object_kind::index || root_.kind == 'I') return attached_index(partition);
        auto its_work = rows_are_within(root_, step.bound, partition) ? work::none : work::scan;
        for (const auto& i : root_.indexes)
            if (i.valid && !has_same(partition, i)) its_work = work::index_build;
        out_.add_family(partition, {access_exclusive, its_work});
        if (!step.bound.is_default) add_default_partition(root_, step.bound, out_);
        for (const auto& k : root_.constraints) {
            if (k.kind != constraint_kind::foreign_key) continue;
            const bool same = std::any_of(partition.constraints.begin(), partition.constraints.end(), [&](const auto& its) {
                return its.kind == constraint_kind::foreign_key && its.referenced == k.referenced && its.columns == k.columns;
            });
            if (same) out_.add(k.referenced, {access_exclusive});
            else {
                out_.add(k.referenced, {share_row_exclusive, work::scan});
                out_.add(partition, {access_exclusive, work::scan});
            }
        }
        for (const auto oid : root_.referenced_by)
            out_.add(oid, {lock_on(difference::key_to_partitioned_table, out_.session().server_version)});
    }

    void attached_index(const relation_facts& index) {
        out_.add(index, {access_exclusive});
        out_.add(index.table, {access_share});
        out_.add(root_.table, {access_share});
    }

    static bool has_same(const relation_facts& partition, const index_facts& wanted) {
        return std::any_of(partition.indexes.begin(), partition.indexes.end(), [&](const index_facts& i) {
            return i.valid && i.columns == wanted.columns && i.unique == wanted.unique && i.partial == wanted.partial;
        });
    }

    void detached(const alter_step& step) {
        if (!step.partner) return;
        const auto partition = out_.relation(*step.partner);
        const auto version = out_.session().server_version;
        const bool plain = step.action == alter_action::detach_partition;
        out_.add_family(partition, {plain ? lock_on(difference::detached_partition_waits, version) : access_exclusive});
        if (version < 14)
            for (const auto& i : partition.indexes)
                if (i.parent != 0) {
                    relation_facts index;
                    index.oid = i.oid;
                    index.kind = 'i';
                    index.name = {partition.name.schema, i.name};
                    out_.add(index, {access_exclusive});
                }
        if (plain) out_.add(root_.default_partition, {access_exclusive});
        for (const auto& k : partition.constraints)
            if (k.kind == constraint_kind::foreign_key && k.inherited) out_.add(k.referenced, {share_row_exclusive});
        for (const auto oid : root_.referenced_by) {
            out_.add(oid, {access_exclusive, work::scan});
            out_.add(partition, {access_exclusive, work::scan});
        }
    }

    const alter_table& words_;
    effect_list& out_;
    const relation_facts root_;
    const catalog_facts& catalog_;
    lock_mode lock_ = none;
};

}  // namespace

void list(const alter_table& a, effect_list& out) { alteration(a, out).run(); }

}  // namespace policy
