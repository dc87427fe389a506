#include "policy/known_relations.hpp"

#include <algorithm>

namespace policy {
namespace {

// A statement may ask for what this one creates: not before it is sure that it was created.
void created_by(const statement& s, const known_relations& known, std::vector<relation_name>& out) {
    const auto* d = std::get_if<ddl>(&s.what);
    if (!d) return;
    for (const auto& r : d->relations) {
        if (r.as != use::created) continue;
        const auto facts = known.relation(r.name);
        const bool was_there = d->if_exists && facts.known && facts.exists && !facts.created_here;
        if (!was_there) out.push_back(r.name);
    }
}

bool changes_names(const statement& s) noexcept {
    if (std::holds_alternative<renaming>(s.what)) return true;
    if (const auto* d = std::get_if<ddl>(&s.what)) return d->verb == verb::set_schema;
    if (const auto* set = std::get_if<setting_change>(&s.what)) return set->name == "search_path" || set->name.empty();
    if (const auto* q = std::get_if<query>(&s.what))
        return std::any_of(q->sets.begin(), q->sets.end(), [](const auto& c) { return c.name == "search_path"; });
    return false;
}

bool undoes(const statement& s) noexcept {
    const auto* t = std::get_if<transaction_control>(&s.what);
    return t && (t->verb == transaction_verb::rollback || t->verb == transaction_verb::rollback_to ||
                 t->verb == transaction_verb::commit || t->verb == transaction_verb::two_phase);
}

}  // namespace

relation_facts known_relations::relation(const relation_name& written) const {
    const auto* found = find(written);
    relation_facts facts = found ? found->facts : relation_facts{};
    if (created(written)) {
        facts = {};
        facts.created_here = true;
    } else if (names_in_doubt_) {
        facts = {};
    }
    if (facts.name.name.empty()) facts.name = written;
    return facts;
}

std::optional<relation_facts> known_relations::table_of_index(const relation_name& index) const {
    const auto* found = find(index);
    if (!found || names_in_doubt_) return std::nullopt;
    return found->table;
}

const relation_facts* known_relations::reached(std::uint32_t oid) const noexcept {
    return names_in_doubt_ ? nullptr : catalog_->relation(oid);
}

void known_relations::after(const statement& s) {
    if (undoes(s)) created_.clear();
    created_by(s, *this, created_);
    names_in_doubt_ = names_in_doubt_ || changes_names(s);
}

bool known_relations::created(const relation_name& name) const noexcept {
    return std::find(created_.begin(), created_.end(), name) != created_.end();
}

const named_relation* known_relations::find(const relation_name& name) const noexcept {
    const auto found = std::find_if(catalog_->relations.begin(), catalog_->relations.end(),
                                    [&](const named_relation& r) { return r.written == name; });
    return found == catalog_->relations.end() ? nullptr : &*found;
}

}  // namespace policy
