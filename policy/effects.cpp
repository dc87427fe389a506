#include "policy/effects.hpp"

#include <algorithm>
#include <array>

#include "policy/effect_list.hpp"
#include "policy/version_differences.hpp"

namespace policy {
namespace {

using enum lock_mode;

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

// REINDEX and CLUSTER of a partitioned table run a transaction for each partition.
bool one_by_one(const ddl& d, const known_relations& known, int version) {
    if (d.verb != verb::reindex && d.verb != verb::cluster) return false;
    if (d.verb == verb::reindex && lock_on(difference::reindexed_partitions, version) == none) return false;
    return std::any_of(d.relations.begin(), d.relations.end(),
                       [&](const relation_use& r) { return known.relation(r.name).partitioned(); });
}

bool may_run_in_a_transaction(const statement& s, const known_relations& known, int version) noexcept {
    if (const auto* d = std::get_if<ddl>(&s.what)) {
        const bool in_pieces = d->concurrently && d->verb != verb::refresh;
        return d->transactional && !in_pieces && !one_by_one(*d, known, version);
    }
    // PREPARE TRANSACTION ends a transaction; COMMIT PREPARED is not for one.
    if (const auto* t = std::get_if<transaction_control>(&s.what))
        return t->verb != transaction_verb::two_phase || s.kind == "PREPARE";
    const bool discards_all = s.kind == "DISCARD" && s.ends_all_prepared;
    return !runs_concurrently(s) && !discards_all;
}

void take(const statement& s, effect_list& out, effects& e) {
    e.transactional = e.transactional && may_run_in_a_transaction(s, out.known(), out.session().server_version);
    if (const auto* i = std::get_if<create_index>(&s.what)) list(*i, out);
    if (const auto* a = std::get_if<alter_table>(&s.what)) list(*a, out);
    if (const auto* r = std::get_if<renaming>(&s.what)) list(*r, out);
    if (const auto* d = std::get_if<ddl>(&s.what)) list(*d, out);
    if (const auto* q = std::get_if<query>(&s.what)) list(*q, out);
    if (const auto* b = std::get_if<block>(&s.what))
        for (const auto& inner : b->body) take(inner, out, e);
}

bool only_maintains(verb v) noexcept {
    switch (v) {
    case verb::lock:
    case verb::truncate:
    case verb::reindex:
    case verb::cluster:
    case verb::vacuum:
    case verb::vacuum_full:
    case verb::analyze:
    case verb::refresh: return true;
    default: return false;
    }
}

}  // namespace

void list(const create_index& i, effect_list& out) {
    const auto table = out.relation(i.table);
    const auto& indexes = table.indexes;
    const bool there = i.if_not_exists && !i.name.empty() &&
                       std::any_of(indexes.begin(), indexes.end(), [&](const auto& x) { return x.name == i.name; });
    const cost c{i.concurrently ? share_update_exclusive : share, there ? work::none : work::index_build};
    if (i.only) out.add(table, c);
    else out.add_family(table, c);
}

void list(const renaming& r, effect_list& out) {
    if (r.relation.name.empty()) return;
    const auto facts = out.relation(r.relation);
    const bool index = facts.kind == 'i' || facts.kind == 'I';
    // ALTER INDEX ... RENAME is the one rename that readers do not notice (since PostgreSQL 12); ALTER TABLE ... RENAME
    // of an index is not.
    if (r.kind == object_kind::index && (index || !facts.known)) return out.add(facts, {share_update_exclusive});
    out.add(facts, {access_exclusive});
    if (r.kind == object_kind::column || r.kind == object_kind::constraint) {
        if (r.kind == object_kind::column) out.add_family(facts, {access_exclusive});
    } else if (r.kind == object_kind::trigger) {
        for (const auto* part : out.family(facts))
            if (facts.partitioned() && part != &facts)
                out.add(*part, {lock_on(difference::trigger_renamed_on_partitions, out.session().server_version)});
    } else if (r.kind == object_kind::attribute && r.cascade) {  // else columns of the type are left alone, and typed tables an error
        out.add_dependents({object_kind::type, "pg_type", r.relation.schema, r.relation.name, {}, -1}, {access_exclusive});
    }
}

effects effects_of(const statement& s, const known_relations& known, const session_facts& session) {
    effects e;
    effect_list out(known, session, e);
    take(s, out, e);
    e.timeouts = class_of(e);
    if (e.timeouts == timeout_class::blocking && runs_concurrently(s)) e.timeouts = timeout_class::online;
    return e;
}

bool changes_schema(const statement& s, const effects& does) noexcept {
    if (does.timeouts == timeout_class::blocking) return true;
    if (const auto* b = std::get_if<block>(&s.what))
        return std::any_of(b->body.begin(), b->body.end(), [&](const statement& inner) { return changes_schema(inner, does); });
    if (std::holds_alternative<unmodelled>(s.what) || std::holds_alternative<unparseable>(s.what)) return true;
    if (const auto* d = std::get_if<ddl>(&s.what))
        if (d->temporary || only_maintains(d->verb)) return false;
    if (harmless(s) || std::holds_alternative<query>(s.what)) return false;
    const auto& all = does.relations;
    return all.empty() || std::any_of(all.begin(), all.end(), [](const relation_effect& r) { return r.visible; });
}

const relation_effect* heaviest(const effects& e) noexcept {
    const relation_effect* best = nullptr;
    for (const auto& r : e.relations)
        if (!best || std::pair(r.work, r.lock) > std::pair(best->work, best->lock)) best = &r;
    return best;
}

}  // namespace policy
