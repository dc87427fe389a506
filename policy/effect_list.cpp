#include "policy/effect_list.hpp"

#include <algorithm>

#include "policy/partition_proof.hpp"
#include "policy/quote.hpp"

namespace policy {

cost heavier(cost a, cost b) noexcept { return {std::max(a.lock, b.lock), std::max(a.work, b.work)}; }

namespace {

// Of its own, and as many as a table may have.
bool has_rows(const relation_facts& r) noexcept {
    return !r.partitioned() && r.kind != 'v' && r.kind != 'f' && r.kind != 'S' && r.kind != 'c';
}

}  // namespace

relation_effect& effect_list::entry(std::uint32_t oid, const std::string& name) {
    for (std::size_t i = 0; i < oids_.size(); ++i)
        if (oid != 0 ? oids_[i] == oid : out_.relations[i].relation == name) return out_.relations[i];
    oids_.push_back(oid);
    auto& e = out_.relations.emplace_back();
    e.relation = name;
    return e;
}

void effect_list::add(const relation_facts& facts, cost c) {
    if (c.lock == lock_mode::none || !facts.exists) return;
    auto& e = entry(facts.oid, readable(facts.name));
    e.lock = std::max(e.lock, c.lock);
    if (has_rows(facts)) e.work = std::max(e.work, c.work);
    e.size = facts.size;
    e.visible = facts.visible();
    e.unlocked = facts.unlocked;
    e.index = facts.kind == 'i' || facts.kind == 'I';
}

void effect_list::add(std::uint32_t oid, cost c) {
    if (const auto* facts = relation(oid)) add(*facts, c);
}

void effect_list::add_index(const relation_facts& table, const index_facts& index, cost c) {
    relation_facts facts;
    facts.oid = index.oid;
    facts.kind = table.partitioned() ? 'I' : 'i';
    facts.name = {table.name.schema, index.name};
    facts.created_here = table.created_here;
    facts.temporary = table.temporary;
    add(facts, c);
}

void effect_list::add_family(const relation_facts& root, cost c) {
    for (const auto* r : family(root)) add(*r, c);
}

void effect_list::add_dependents(const object_name& object, cost c) {
    const auto* dependents = known_.catalog().dependents_of(object);
    if (!dependents) return;
    for (const auto& d : *dependents) {
        const cost its{std::min(d.lock, c.lock), c.work};
        if (const auto* facts = relation(d.oid)) {
            add(*facts, its);
        } else {
            // Only its name is known: it counts as large and visible.
            relation_facts unknown;
            unknown.oid = d.oid;
            unknown.name = d.name;
            unknown.kind = d.kind;
            add(unknown, its);
        }
    }
}

void effect_list::add_reach(const std::string& what, cost c, lock_mode unwaited) {
    if (c.lock == lock_mode::none || what.empty()) return;
    auto& e = entry(0, what);
    e.named = false;
    e.lock = std::max(e.lock, c.lock);
    e.work = std::max(e.work, c.work);
    e.unwaited = std::max(e.unwaited, unwaited);
}

void effect_list::add_unwaited(const relation_facts& facts, lock_mode lock) {
    if (!facts.exists) return;
    auto& e = entry(facts.oid, readable(facts.name));
    e.unwaited = std::max(e.unwaited, lock);
}

std::vector<const relation_facts*> effect_list::family(const relation_facts& root) const {
    std::vector<const relation_facts*> out{&root};
    for (std::size_t i = 0; i < out.size(); ++i)
        for (const auto oid : out[i]->children) {
            const auto* child = relation(oid);
            if (child && std::find(out.begin(), out.end(), child) == out.end()) out.push_back(child);
        }
    return out;
}

void add_default_sequences(const expression_words& of_default, bool computed, effect_list& out) {
    for (const auto& s : of_default.sequences) {
        if (computed) out.add(s, {lock_mode::row_exclusive});
        else out.add_reach("sequences of a default: " + readable(s), {lock_mode::access_share});
    }
}

void add_default_partition(const relation_facts& parent, const partition_bound& beside, effect_list& out) {
    const auto* partition = out.relation(parent.default_partition);
    if (!partition) return;
    const auto its_work = rows_are_outside(parent, beside, *partition) ? work::none : work::scan;
    out.add_family(*partition, {lock_mode::access_exclusive, its_work});
}

void add_key_partner(const relation_facts& partner, cost c, effect_list& out) {
    if (partner.kind == 'p' || partner.kind == '\0') out.add_family(partner, c);
    else out.add(partner, c);
}

}  // namespace policy
