#include <algorithm>

#include "policy/alteration.hpp"
#include "policy/partition_proof.hpp"
#include "policy/version_differences.hpp"

// What ALTER TABLE does to other relations than the one that it names.
namespace policy {

using enum lock_mode;

void alteration::partners(const alter_step& step) {
    switch (step.action) {
    case alter_action::add_column:
        if (step.column)
            for (const auto& c : step.column->constraints) key_partner(c, step.column->has_default != default_kind::none);
        if (step.column) add_default_sequences(step.column->default_expression, may_be_volatile(*step.column), out_);
        break;
    case alter_action::set_default:
        if (step.expression) add_default_sequences(*step.expression, false, out_);
        break;
    case alter_action::add_constraint:
        if (step.constraint)
            key_partner(*step.constraint, !std::any_of(step.constraint->columns.begin(), step.constraint->columns.end(),
                                                       [&](const auto& c) { return added_empty(c); }));
        break;
    case alter_action::validate_constraint: validated(step); break;
    case alter_action::drop_column:
        dropped({object_kind::column, "pg_attribute", {}, step.name, words_.relation, -1}, step);
        break;
    case alter_action::drop_constraint:
        dropped({object_kind::constraint, "pg_constraint", {}, step.name, words_.relation, -1}, step);
        break;
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
        if (work_of(step, root_) != work::none)
            sequences(lock_on(difference::persistence_of_sequences, out_.session().server_version));
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

void alteration::partner(const alter_step& step, cost c) {
    if (step.partner) out_.add(*step.partner, c);
}

void alteration::sequences(lock_mode lock) {
    for (const auto& s : root_.sequences) out_.add(s.oid, {lock});
}

void alteration::sequences_of(const column_facts* column, lock_mode lock) {
    for (const auto& s : root_.sequences)
        if (!column || s.column == column->number) out_.add(s.oid, {lock});
}

void alteration::key_partner(const constraint_words& c, bool has_values) {
    if (!c.referenced) return;
    add_key_partner(out_.relation(*c.referenced),
                    {share_row_exclusive, c.not_valid || !has_values ? work::none : work::scan}, out_);
}

void alteration::validated(const alter_step& step) {
    for (const auto& added : words_.steps)
        if (added.constraint && added.constraint->name == step.name && added.constraint->referenced)
            add_key_partner(out_.relation(*added.constraint->referenced), {row_share, work::scan}, out_);
    for (const auto& k : root_.constraints)
        if (k.name == step.name && k.kind == constraint_kind::foreign_key && !k.valid)
            if (const auto* other = out_.relation(k.referenced)) add_key_partner(*other, {row_share, work::scan}, out_);
}

void alteration::dropped(const object_name& object, const alter_step& step) {
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
void alteration::retyped(const alter_step& step) {
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
        out_.add_reach("sequences of the default of " + from->name, {access_share});
}

void alteration::attached(const alter_step& step) {
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

void alteration::attached_index(const relation_facts& index) {
    out_.add(index, {access_exclusive});
    out_.add(index.table, {access_share});
    out_.add(root_.table, {access_share});
}

bool alteration::has_same(const relation_facts& partition, const index_facts& wanted) {
    return std::any_of(partition.indexes.begin(), partition.indexes.end(), [&](const index_facts& i) {
        return i.valid && i.columns == wanted.columns && i.unique == wanted.unique && i.partial == wanted.partial;
    });
}

void alteration::detached(const alter_step& step) {
    if (!step.partner) return;
    const auto partition = out_.relation(*step.partner);
    const auto version = out_.session().server_version;
    const bool plain = step.action == alter_action::detach_partition;
    for (const auto* part : out_.family(partition))
        out_.add(*part, {plain && part->oid == partition.oid ? lock_on(difference::detached_partition_waits, version) : access_exclusive});
    for (const auto& i : partition.indexes)
        if (i.parent != 0) out_.add_index(partition, i, {lock_on(difference::detached_partition_indexes, version)});
    if (plain) out_.add(root_.default_partition, {access_exclusive});
    for (const auto& k : partition.constraints)
        if (k.kind == constraint_kind::foreign_key && k.inherited) out_.add(k.referenced, {share_row_exclusive});
    for (const auto oid : root_.referenced_by) {
        out_.add(oid, {access_exclusive, work::scan});
        out_.add(partition, {access_exclusive, work::scan});
    }
}

}  // namespace policy
