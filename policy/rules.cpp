#include "policy/rules.hpp"

#include <algorithm>
#include <numeric>
#include <vector>

#include "policy/pattern.hpp"

namespace policy {

namespace rules {
#define RULE(name) extern const rule name;
#include "policy/rules/rules.def"
#undef RULE
}  // namespace rules

std::span<const rule* const> all_rules() noexcept {
    static constexpr const rule* list[] = {
#define RULE(name) &rules::name,
#include "policy/rules/rules.def"
#undef RULE
    };
    return list;
}

const rule* find_rule(std::string_view id) noexcept {
    for (const auto* r : all_rules())
        if (r->text.id == id) return r;
    return nullptr;
}

std::string_view name(family f) noexcept {
    switch (f) {
    case family::blocking: return "blocking";
    case family::compatibility: return "compatibility";
    case family::transaction: return "transaction";
    case family::destructive: return "destructive";
    case family::opaque: return "opaque";
    case family::advice: return "advice";
    }
    return "";
}

config::settings check_settings(config::settings settings) {
    for (const auto* r : all_rules())
        if (r->text.action == config::action::allow) settings.rules.try_emplace(std::string(r->text.id), config::action::warn);
    return settings;
}

bool supports(const rule& r, config::action action) noexcept { return action != config::action::rewrite || r.rewrites; }

config::action action_of(const rule& r, const config::scoped_settings& settings) {
    if (const auto set = settings.rules.find(std::string(r.text.id)); set != settings.rules.end()) return set->second;
    const bool doubt = r.text.id == "unparseable" || r.text.id == "unmodelled";
    if (doubt && settings.unparseable == config::unparseable::reject) return config::action::reject;
    return r.text.action;
}

config::transactions transactions_of(const rule& r, const config::scoped_settings& settings) {
    const auto set = settings.rule_transactions.find(std::string(r.text.id));
    return set == settings.rule_transactions.end() ? settings.transactions : set->second;
}

bool set_to_rewrite(std::string_view id, const config::scoped_settings& settings) {
    const auto* r = find_rule(id);
    return r && action_of(*r, settings) == config::action::rewrite;
}

namespace {

// Levenshtein distance, one row at a time.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const auto change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row.back();
}

std::string_view nearest(std::string_view id) {
    const auto rules = all_rules();
    const auto found = std::min_element(rules.begin(), rules.end(), [&](const rule* a, const rule* b) {
        return distance(id, a->text.id) < distance(id, b->text.id);
    });
    return (*found)->text.id;
}

}  // namespace

std::string unknown_rule(std::string_view id) {
    return "unknown rule '" + std::string(id) + "', did you mean '" + std::string(nearest(id)) + "'?";
}

bool may_override(std::string_view user, const config::scoped_settings& settings) noexcept {
    return matches_any(user, settings.overrides.users);
}

std::optional<rule_settings_error> check_rule_settings(const std::map<std::string, config::action>& rules) {
    for (const auto& [id, action] : rules) {
        const auto* r = find_rule(id);
        if (!r) return rule_settings_error{id, unknown_rule(id)};
        if (!supports(*r, action)) return rule_settings_error{id, "rule '" + id + "' cannot rewrite: use allow, warn or reject"};
    }
    return std::nullopt;
}

}  // namespace policy
