#include "policy/hazards.hpp"

#include "policy/quote.hpp"
#include "policy/wording.hpp"

namespace policy {
namespace {

// What decides about a target: of an index its table.
relation_facts judged_by(const relation_name& written, const ddl& d, const context& c) {
    const auto self = c.known.relation(written);
    const bool of_index = d.kind == object_kind::index && (d.verb == verb::drop_index || d.verb == verb::reindex);
    if (!of_index || !self.exists) return self;
    if (auto table = c.known.table_of_index(written)) return *table;
    return self.visible() ? relation_facts{} : self;
}

template <class Question>
std::optional<std::string> first_target(const ddl& d, const context& c, Question is) {
    for (const auto& r : d.relations)
        if (r.as == use::target && is(judged_by(r.name, d, c))) return readable(c.known.relation(r.name).name);
    if (!d.reach.empty()) return d.reach;
    return std::nullopt;
}

}  // namespace

bool in_use(const relation_facts& r) noexcept { return r.exists && r.visible(); }

bool is_large(const relation_facts& r, const context& c) noexcept {
    return in_use(r) && (!r.size || *r.size >= c.settings.small_table);
}

std::optional<relation_facts> altered_table_in_use(const context& c) {
    const auto* a = std::get_if<alter_table>(&c.what.what);
    if (!a) return std::nullopt;
    auto table = c.known.relation(a->relation);
    if (!in_use(table)) return std::nullopt;
    return table;
}

std::optional<relation_facts> large_altered_table(const context& c) {
    auto table = altered_table_in_use(c);
    if (!table || !is_large(*table, c)) return std::nullopt;
    return table;
}

work work_on(const relation_facts& r, const context& c) {
    const auto name = readable(r.name);
    const auto& all = c.does.relations;
    const auto found = std::find_if(all.begin(), all.end(), [&](const relation_effect& e) { return e.relation == name; });
    return found == all.end() ? work::none : found->work;
}

bool works_on_rows(const context& c) noexcept {
    const auto* effect = heaviest(c.does);
    return effect && effect->work != work::none;
}

std::optional<std::string> target_in_use(const ddl& d, const context& c) { return first_target(d, c, in_use); }

std::optional<std::string> large_target(const ddl& d, const context& c) {
    return first_target(d, c, [&](const relation_facts& r) { return is_large(r, c); });
}

std::optional<plan> not_run(const context& c) {
    if (!c.only_change) return std::nullopt;
    return plan{.steps = {}, .tag = c.what.kind};
}

hazard described(std::string message, const context& c) {
    hazard h;
    h.message = std::move(message);
    if (const auto* effect = heaviest(c.does)) h.detail = effect_text(*effect);
    return h;
}

}  // namespace policy
