#include "policy/known_relations.hpp"

#include <algorithm>

namespace policy {

bool changes_names(const statement& s) noexcept {
    if (std::holds_alternative<renaming>(s.what)) return true;
    if (const auto* d = std::get_if<ddl>(&s.what)) return d->verb == verb::set_schema;
    if (const auto* set = std::get_if<setting_change>(&s.what)) return set->name == "search_path" || set->name.empty();
    if (const auto* q = std::get_if<query>(&s.what))
        return std::any_of(q->sets.begin(), q->sets.end(), [](const auto& c) { return c.name == "search_path"; });
    return false;
}

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
    names_in_doubt_ = names_in_doubt_ || changes_names(s);
}

bool known_relations::created(const relation_name& name) const noexcept {
    const auto deeds = so_far_->deeds();
    if (deeds.size() <= answered_at_) return false;
    const auto since = deeds.subspan(answered_at_);
    const auto last = std::find_if(since.rbegin(), since.rend(), [&](const deed& d) {
        const bool about = d.what == deed::kind::created || d.what == deed::kind::gone;
        return about && d.name == name.name && d.relation == name.schema;
    });
    return last != since.rend() && last->what == deed::kind::created;
}

const named_relation* known_relations::find(const relation_name& name) const noexcept {
    const auto found = std::find_if(catalog_->relations.begin(), catalog_->relations.end(),
                                    [&](const named_relation& r) { return r.written == name; });
    return found == catalog_->relations.end() ? nullptr : &*found;
}

}  // namespace policy
