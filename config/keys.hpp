#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace config {

// One setting: the path of its key, what it is for, and how it is read and written.
struct key {
    std::string_view path;     // "timeouts.lock"
    std::string_view meaning;  // whole sentences with units and limits, for `config print` and config/example.yaml
    void (*read)(settings&, const std::string&);  // throws std::invalid_argument
    std::string (*write)(const settings&);
    void (*copy)(scoped_settings& to, const scoped_settings& from) = nullptr;  // null: it cannot differ by scope
    void (*keep)(settings& to, const settings& from) = nullptr;  // not null: a reload does not change it
};

// The one list of keys. `rules` (a map of rule ids to actions) is not on it: its keys are the policy's. Nor is `scopes`.
std::span<const key> keys();

// For a reload: what only a restart can change keeps its value in `read`. Returns the paths of the keys for which it made a
// difference.
std::vector<std::string_view> keep_until_restart(settings& read, const settings& running);

// One thing that a scope can match.
struct match_key {
    std::string_view name;     // "user"
    std::string_view meaning;
    std::string_view example;
    void (*read)(scope_match&, const std::string&);  // throws std::invalid_argument
    std::string (*write)(const scope_match&);        // empty: the scope does not ask for it
};
std::span<const match_key> match_keys();

}  // namespace config
