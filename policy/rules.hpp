#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/rule.hpp"

namespace policy {

// In the order of rules/rules.def, which is the order in which findings are reported.
std::span<const rule* const> all_rules() noexcept;

const rule* find_rule(std::string_view id) noexcept;

// May this action be configured for the rule?
bool supports(const rule& r, config::action action) noexcept;

// The rule's action under these settings.
config::action action_of(const rule& r, const config::scoped_settings& settings);
// For plans that exist only where they are wanted.
bool set_to_rewrite(std::string_view id, const config::scoped_settings& settings);

// What becomes of its plan in a transaction block.
config::transactions transactions_of(const rule& r, const config::scoped_settings& settings);

// An id that is not known, in one sentence with the nearest known one.
std::string unknown_rule(std::string_view id);

// May this user set rules aside by a comment (`overrides.users`)?
bool may_override(std::string_view user, const config::scoped_settings& settings) noexcept;

// The settings that `check` judges with: rules that are silent on the wire warn, where nothing else is configured.
config::settings check_settings(config::settings settings);

// What is wrong with a `rules:` section, in one sentence: an unknown id with the nearest known one, or an action that
// the rule cannot carry out. Nullopt: nothing.
struct rule_settings_error {
    std::string id;  // the key to point at
    std::string message;
};
std::optional<rule_settings_error> check_rule_settings(const std::map<std::string, config::action>& rules);

}  // namespace policy
