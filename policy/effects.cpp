#include "policy/effects.hpp"

#include <algorithm>
#include <array>

#include "policy/quote.hpp"

namespace policy {
namespace {

using enum lock_mode;

struct cost {
    lock_mode lock = none;
    policy::work work = work::none;
};

cost heavier(cost a, cost b) noexcept { return {std::max(a.lock, b.lock), std::max(a.work, b.work)}; }

// The lock and the work of one kind of action on the table itself; what depends on the action's words is in cost_of.
constexpr cost alter_cost(alter_action a) noexcept {
    switch (a) {
    case alter_action::set_statistics:
    case alter_action::set_column_options:
    case alter_action::cluster_on:
    case alter_action::set_without_cluster:
    case alter_action::attach_partition:
    case alter_action::detach_partition_concurrently:
    case alter_action::detach_partition_finalize: return {share_update_exclusive};
    case alter_action::validate_constraint: return {share_update_exclusive, work::scan};
    case alter_action::switch_trigger: return {share_row_exclusive};
    case alter_action::set_not_null: return {access_exclusive, work::scan};
    case alter_action::set_type:
    case alter_action::set_expression:
    case alter_action::set_logged:
    case alter_action::set_unlogged:
    case alter_action::set_tablespace:
    case alter_action::set_access_method: return {access_exclusive, work::rewrite};
    default: return {access_exclusive};
    }
}

// reloptions.c: the options that may change while the table is read and written. Every other one takes
// ACCESS EXCLUSIVE.
bool changes_in_place(std::string_view option) noexcept {
    if (option.starts_with("toast.")) option.remove_prefix(6);
    static constexpr std::array<std::string_view, 8> names{
        "fillfactor",    "deduplicate_items",    "toast_tuple_target",          "parallel_workers",
        "vacuum_truncate", "vacuum_index_cleanup", "log_autovacuum_min_duration", "vacuum_max_eager_freeze_failure_rate"};
    return option.starts_with("autovacuum_") || std::find(names.begin(), names.end(), option) != names.end();
}

cost constraint_cost(const constraint_words& c) noexcept {
    switch (c.kind) {
    case constraint_kind::foreign_key: return {share_row_exclusive, c.not_valid ? work::none : work::scan};
    case constraint_kind::check:
    case constraint_kind::not_null: return {access_exclusive, c.not_valid ? work::none : work::scan};
    case constraint_kind::unique:
    case constraint_kind::primary_key:
    case constraint_kind::exclusion: return {access_exclusive, c.using_index ? work::none : work::index_build};
    case constraint_kind::other: break;
    }
    return {access_exclusive};
}

cost column_cost(const column_words& c) noexcept {
    cost all{access_exclusive};
    if (c.identity || c.serial || c.generated_stored || c.has_default == default_kind::expression) all.work = work::rewrite;
    if (c.not_null && c.has_default == default_kind::none) all.work = std::max(all.work, work::scan);
    for (const auto& constraint : c.constraints) {
        // A foreign key on a new column has nothing to check, unless the column comes with values.
        const bool empty = constraint.kind == constraint_kind::foreign_key && c.has_default == default_kind::none;
        if (!empty) all = heavier(all, constraint_cost(constraint));
    }
    return all;
}

cost cost_of(const alter_step& step, object_kind kind) noexcept {
    if (step.action == alter_action::add_column && step.column) return column_cost(*step.column);
    if (step.action == alter_action::add_constraint && step.constraint) return constraint_cost(*step.constraint);
    if (step.action == alter_action::set_options && kind != object_kind::view) {
        const bool in_place = std::all_of(step.options.begin(), step.options.end(), changes_in_place);
        return {in_place ? share_update_exclusive : access_exclusive};
    }
    return alter_cost(step.action);
}

// The other relation of an action: the partition, the parent, the far side of a foreign key.
cost partner_cost(alter_action a) noexcept {
    switch (a) {
    case alter_action::attach_partition: return {access_exclusive, work::scan};
    case alter_action::inherit: return {share_update_exclusive};
    case alter_action::no_inherit: return {access_share};
    default: return {access_exclusive};
    }
}

struct ddl_cost {
    policy::verb verb;
    cost plain, concurrently;
};

constexpr std::array ddl_costs{
    ddl_cost{verb::create_table, {}, {}},
    ddl_cost{verb::create_view, {}, {}},
    ddl_cost{verb::replace_view, {access_exclusive}, {}},
    ddl_cost{verb::create_sequence, {}, {}},
    ddl_cost{verb::alter_sequence, {share_row_exclusive}, {}},
    ddl_cost{verb::create_trigger, {share_row_exclusive}, {}},
    ddl_cost{verb::create_rule, {access_exclusive}, {}},
    ddl_cost{verb::create_policy, {access_exclusive}, {}},
    ddl_cost{verb::alter_policy, {access_exclusive}, {}},
    ddl_cost{verb::create_statistics, {share_update_exclusive}, {}},
    ddl_cost{verb::drop_relation, {access_exclusive}, {}},
    ddl_cost{verb::drop_index, {access_exclusive}, {share_update_exclusive}},
    ddl_cost{verb::drop_part, {access_exclusive}, {}},
    ddl_cost{verb::drop_object, {access_exclusive}, {}},
    ddl_cost{verb::truncate, {access_exclusive}, {}},
    ddl_cost{verb::lock, {}, {}},
    ddl_cost{verb::reindex, {share, work::index_build}, {share_update_exclusive, work::index_build}},
    ddl_cost{verb::cluster, {access_exclusive, work::rewrite}, {}},
    ddl_cost{verb::vacuum, {share_update_exclusive, work::scan}, {}},
    ddl_cost{verb::vacuum_full, {access_exclusive, work::rewrite}, {}},
    ddl_cost{verb::analyze, {share_update_exclusive, work::scan}, {}},
    ddl_cost{verb::refresh, {access_exclusive, work::rewrite}, {exclusive, work::scan}},
    ddl_cost{verb::comment, {share_update_exclusive}, {}},
    ddl_cost{verb::comment_part, {access_share}, {}},
    ddl_cost{verb::publish, {share_update_exclusive}, {}},
    ddl_cost{verb::set_schema, {access_exclusive}, {}},
    ddl_cost{verb::set_owner, {access_exclusive}, {}},
    ddl_cost{verb::move_tablespace, {access_exclusive, work::rewrite}, {}},
    ddl_cost{verb::alter_domain_check, {share, work::scan}, {}},
    ddl_cost{verb::catalog_only, {}, {}},
};

cost cost_of(const ddl& d) noexcept {
    if (d.verb == verb::lock) return {d.mode};
    const auto row = std::find_if(ddl_costs.begin(), ddl_costs.end(), [&](const auto& c) { return c.verb == d.verb; });
    return d.concurrently ? row->concurrently : row->plain;
}

constexpr cost side_cost(use as, cost of_target) noexcept {
    switch (as) {
    case use::target: return of_target;
    case use::created: return {};
    case use::referenced: return {share_row_exclusive};
    case use::parent: return {share_update_exclusive};
    case use::partitioned_parent: return {access_exclusive};
    case use::like:
    case use::read: return {access_share};
    case use::row_locked: return {row_share};
    case use::written: return {row_exclusive};
    }
    return of_target;
}

class effect_list {
public:
    effect_list(const known_relations& known, effects& out) noexcept : known_(known), out_(out) {}

    void add(const relation_name& name, cost c) { add(known_.relation(name), c); }

    void add(const relation_facts& facts, cost c) {
        if (c.lock == none || !facts.exists) return;
        out_.relations.push_back({readable(facts.name), c.lock, c.work, facts.size, facts.visible()});
    }

    // An index: its own lock, and that of its table. What readers wait for is the table.
    void add_index(const relation_name& index, cost of_index, cost of_table) {
        add(index, of_index);
        if (const auto table = known_.table_of_index(index)) add(*table, of_table);
    }

    void add_reach(const std::string& what, cost c) {
        if (c.lock != none && !what.empty()) out_.relations.push_back({what, c.lock, c.work, std::nullopt, true});
    }

private:
    const known_relations& known_;
    effects& out_;
};

void list(const create_index& i, effect_list& out) {
    out.add(i.table, {i.concurrently ? share_update_exclusive : share, work::index_build});
}

void list(const alter_table& a, effect_list& out) {
    cost all;
    for (const auto& step : a.steps) all = heavier(all, cost_of(step, a.kind));
    out.add(a.relation, all);
    for (const auto& step : a.steps) {
        if (step.partner) out.add(*step.partner, partner_cost(step.action));
        if (step.constraint && step.constraint->referenced)
            out.add(*step.constraint->referenced, {share_row_exclusive, constraint_cost(*step.constraint).work});
        if (step.column)
            for (const auto& c : step.column->constraints)
                if (c.referenced) out.add(*c.referenced, {share_row_exclusive});
    }
}

void list(const renaming& r, effect_list& out) {
    if (r.relation.name.empty()) return;
    // ALTER INDEX ... RENAME is the one rename that readers do not notice (since PostgreSQL 12).
    out.add(r.relation, {r.kind == object_kind::index ? share_update_exclusive : access_exclusive});
}

void list(const ddl& d, effect_list& out) {
    const cost of_target = cost_of(d);
    for (const auto& r : d.relations) {
        if (d.kind == object_kind::index && r.as == use::target && (d.verb == verb::drop_index || d.verb == verb::reindex))
            out.add_index(r.name, {access_exclusive, of_target.work}, of_target);
        else
            out.add(r.name, side_cost(r.as, of_target));
    }
    out.add_reach(d.reach, of_target);
}

timeout_class class_of(const effects& e) noexcept {
    auto strongest = timeout_class::none;
    for (const auto& r : e.relations) {
        if (!r.visible) continue;
        if (r.lock >= share) return timeout_class::blocking;
        if (r.lock == share_update_exclusive) strongest = timeout_class::online;
    }
    return strongest;
}

// They take strong locks only at their end and for a moment, and wait for the sessions in their way without
// blocking others.
bool runs_concurrently(const statement& s) noexcept {
    if (const auto* i = std::get_if<create_index>(&s.what)) return i->concurrently;
    if (const auto* d = std::get_if<ddl>(&s.what)) return d->concurrently;
    const auto* a = std::get_if<alter_table>(&s.what);
    return a && a->steps.size() == 1 && a->steps[0].action == alter_action::detach_partition_concurrently;
}

bool may_run_in_a_transaction(const statement& s) noexcept {
    if (const auto* d = std::get_if<ddl>(&s.what)) return d->transactional && (d->verb == verb::refresh || !d->concurrently);
    if (const auto* t = std::get_if<transaction_control>(&s.what)) return t->verb != transaction_verb::two_phase;
    return !runs_concurrently(s);
}

}  // namespace

effects effects_of(const statement& s, const known_relations& known) {
    effects e;
    e.transactional = may_run_in_a_transaction(s);
    effect_list out(known, e);
    if (const auto* i = std::get_if<create_index>(&s.what)) list(*i, out);
    if (const auto* a = std::get_if<alter_table>(&s.what)) list(*a, out);
    if (const auto* r = std::get_if<renaming>(&s.what)) list(*r, out);
    if (const auto* d = std::get_if<ddl>(&s.what)) list(*d, out);
    e.timeouts = class_of(e);
    if (e.timeouts == timeout_class::blocking && runs_concurrently(s)) e.timeouts = timeout_class::online;
    return e;
}

const relation_effect* heaviest(const effects& e) noexcept {
    const relation_effect* best = nullptr;
    for (const auto& r : e.relations)
        if (!best || std::pair(r.work, r.lock) > std::pair(best->work, best->lock)) best = &r;
    return best;
}

}  // namespace policy
