#pragma once

#include <span>
#include <string>
#include <string_view>

#include "config/settings.hpp"

namespace config {

// One setting: the path of its key, what it is for, and how it is read and written.
struct key {
    std::string_view path;     // "timeouts.lock"
    std::string_view meaning;  // whole sentences with units and limits, for `config print` and config/example.yaml
    void (*read)(settings&, const std::string&);  // throws std::invalid_argument
    std::string (*write)(const settings&);
};

// The one list of keys. `rules` (a map of rule ids to actions) is not on it: its keys are the policy's.
std::span<const key> keys();

}  // namespace config
