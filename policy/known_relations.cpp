#include "policy/known_relations.hpp"

#include <algorithm>

namespace policy {

bool changes_names(const statement& s) noexcept {
    return std::holds_alternative<renaming>(s.what) || changes_schemas(s);
}

bool changes_schemas(const statement& s) noexcept {
    if (const auto* d = std::get_if<ddl>(&s.what)) return d->verb == verb::set_schema;
    if (const auto* set = std::get_if<setting_change>(&s.what)) return set->name == "search_path" || set->name.empty();
    if (const auto* q = std::get_if<query>(&s.what))
        return std::any_of(q->sets.begin(), q->sets.end(), [](const auto& c) { return c.name == "search_path"; });
    return false;
}

relation_facts known_relations::relation(const relation_name& written) const {
    const auto* found = find(written);
    relation_facts facts = found ? found->facts : relation_facts{};
    // Which of two relations of one name a later statement means hangs on search_path, and on which of them is left: where
    // there was one before, it is that.
    const bool was_there = found && facts.known && facts.exists;
    if (created(written) && !was_there) {
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
    if (!changes_names(s)) return;
    names_in_doubt_ = true;
    // What was made by a plain name before a change of search_path may have another one now.
    if (!changes_schemas(s)) return;
    renamed_at_ = so_far_->size();
    own_ = nullptr;
}

bool known_relations::created(const relation_name& name) const {
    const auto from = name.schema.empty() ? std::max(answered_at_, renamed_at_) : answered_at_;
    if (const auto* last = so_far_->last_made(name.schema, name.name, from)) return last->what == deed::kind::created;
    return own_ && !own_->empty() && own_->contains(relation_key(name.schema, name.name));
}

const named_relation* known_relations::find(const relation_name& name) const noexcept {
    const auto found = std::find_if(catalog_->relations.begin(), catalog_->relations.end(),
                                    [&](const named_relation& r) { return r.written == name; });
    return found == catalog_->relations.end() ? nullptr : &*found;
}

}  // namespace policy
