#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>

#include "config/settings.hpp"

namespace config {

// A configuration that cannot be used: "file:line:column: what is wrong".
struct error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// What is wrong with one entry of `rules`, if anything: which rules there are only the policy knows.
using rule_check = std::function<std::optional<std::string>(const std::string& id, action what)>;

// Reads YAML into settings; a key that is missing keeps its value of `start`. Throws error at the first key that is
// unknown, said twice, of the wrong type or out of range.
settings load_text(const std::string& text, const std::string& name, const rule_check& check = {}, settings start = {});
settings load_file(const std::string& path, const rule_check& check = {}, settings start = {});

// Every setting and what it is for, as YAML that load_text() reads back to the same settings.
std::string print(const settings& s);

// config/KEYS.md: a table of all keys.
std::string keys_markdown();

}  // namespace config
