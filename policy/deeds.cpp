#include "policy/deeds.hpp"

#include "policy/quote.hpp"

namespace policy {
namespace {

deed::kind kind_of(transaction_verb v) noexcept {
    switch (v) {
    case transaction_verb::begin: return deed::kind::begun;
    case transaction_verb::savepoint: return deed::kind::savepoint;
    case transaction_verb::release: return deed::kind::released;
    case transaction_verb::rollback_to: return deed::kind::rolled_back_to;
    case transaction_verb::commit: return deed::kind::committed;
    case transaction_verb::rollback:
    case transaction_verb::two_phase: break;
    }
    return deed::kind::rolled_back;
}

// With IF NOT EXISTS only what is known not to have been there before.
void add_created(const ddl& d, const known_relations& known, std::vector<deed>& out) {
    for (const auto& r : d.relations) {
        if (r.as != use::created) continue;
        const auto facts = known.relation(r.name);
        const bool was_there = d.if_exists && !facts.created_here && (!facts.known || facts.exists);
        if (!was_there) out.push_back({deed::kind::created, r.name.schema, r.name.name});
    }
}

bool made_here(const relation_name& written, const known_relations& known) { return known.relation(written).created_here; }

void add_dropped(const ddl& d, const known_relations& known, std::vector<deed>& out) {
    if (d.verb != verb::drop_relation && d.verb != verb::drop_index) return;
    for (const auto& r : d.relations)
        if (made_here(r.name, known)) out.push_back({deed::kind::gone, r.name.schema, r.name.name});
}

// An index is nobody else's only where its table is not.
void add_created(const create_index& i, const known_relations& known, std::vector<deed>& out) {
    if (!i.name.empty() && made_here(i.table, known)) out.push_back({deed::kind::created, i.table.schema, i.name});
}

void add_renamed(const renaming& r, const known_relations& known, std::vector<deed>& out) {
    const bool of_relation = r.kind == object_kind::table || r.kind == object_kind::index || r.kind == object_kind::view ||
                             r.kind == object_kind::materialized_view || r.kind == object_kind::sequence ||
                             r.kind == object_kind::foreign_table;
    if (!of_relation) return;
    const bool here = made_here(r.relation, known);
    if (here) out.push_back({deed::kind::gone, r.relation.schema, r.relation.name});
    out.push_back({here ? deed::kind::created : deed::kind::gone, r.relation.schema, r.new_name});
}

void add_written(const query& q, const known_relations& known, std::vector<deed>& out) {
    for (const auto& write : q.writes) {
        const auto table = known.relation(write.table);
        if (table.exists && table.visible()) out.push_back({deed::kind::changed_rows, readable(table.name), {}});
    }
}

void add_altered(const alter_table& a, const known_relations& known, std::vector<deed>& out) {
    const auto table = known.relation(a.relation);
    if (!table.exists || !table.visible()) return;
    for (const auto& step : a.steps) {
        if (step.constraint && step.constraint->not_valid)
            out.push_back({deed::kind::added_not_valid, readable(table.name), step.constraint->name});
        if (step.action == alter_action::add_column && step.column && step.column->has_default != default_kind::none)
            out.push_back({deed::kind::added_default, readable(table.name), step.column->name});
    }
}

}  // namespace

std::vector<deed> deeds_of(const statement& s, const effects& does, const known_relations& known) {
    std::vector<deed> out;
    if (const auto* t = std::get_if<transaction_control>(&s.what)) out.push_back({kind_of(t->verb), {}, t->savepoint});
    if (const auto* d = std::get_if<ddl>(&s.what)) {
        add_dropped(*d, known, out);
        add_created(*d, known, out);
    }
    if (const auto* i = std::get_if<create_index>(&s.what)) add_created(*i, known, out);
    if (const auto* r = std::get_if<renaming>(&s.what)) add_renamed(*r, known, out);
    if (const auto* q = std::get_if<query>(&s.what)) add_written(*q, known, out);
    if (const auto* a = std::get_if<alter_table>(&s.what)) add_altered(*a, known, out);
    for (const auto& r : does.relations)
        if (r.visible && !r.index && r.lock >= lock_mode::share) out.push_back({deed::kind::locked, r.relation, {}, r.lock});
    return out;
}

}  // namespace policy
