#pragma once

#include <yaml-cpp/yaml.h>

#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/keys.hpp"
#include "config/load.hpp"

namespace config {

// Names the place of what is wrong.
struct source {
    std::string name;  // of the file

    [[noreturn]] void fail(const YAML::Mark& at, const std::string& what) const;

    // The word of a key.
    std::string word(const YAML::Node& key) const;

    // A value that nothing but itself says what it is: a tag would be read over.
    void check_untagged(const YAML::Node& value) const;

    // load_text.cpp: before it is YAML. yaml-cpp takes some control characters for marks of its own, and bytes that are no UTF-8 as
    // they are.
    void check_characters(std::string_view text) const;
};

// "; did you mean 'mode'?" where one of the known words is near, else nothing.
std::string suggestion(std::string_view typed, std::span<const std::string_view> known);

// A value that is one: nothing is an empty text. Throws std::invalid_argument.
std::string text_of(const YAML::Node& value);

// For yaml-cpp what is left out stands where the next thing begins.
YAML::Mark place_of(const YAML::Node& key, const YAML::Node& value);

// Cut where it is long; control characters are written out.
std::string readable(std::string_view text);

// What yaml-cpp says, in words that tell what to do.
std::string in_our_words(const YAML::Exception& problem);

// Reads one map of keys: the whole file, or what a scope says.
class reader {
public:
    reader(const source& from, const rule_check& check, settings start) : from_(from), check_(check), out_(std::move(start)) {}

    void read_map(const YAML::Node& map, const std::string& prefix);
    settings take() { return std::move(out_); }

    // load_scopes.cpp: one entry of `scopes`.
    static scope read_scope(const YAML::Node& entry, const source& from, const rule_check& check);

private:
    bool read_section(const YAML::Node& value, const std::string& path);
    void read_rules(const YAML::Node& map);
    void read_rule(const YAML::Node& at, const YAML::Node& value, const std::string& id);
    void read_rule_value(const YAML::Node& at, const YAML::Node& value, const std::string& path, const std::string& id,
                         const std::string& name);
    void read_scopes(const YAML::Node& list);
    void read_value(const YAML::Node& at, const YAML::Node& value, const std::string& prefix, const std::string& path);
    [[noreturn]] void unknown(const YAML::Node& at, const std::string& prefix, const std::string& path) const;

    const source& from_;
    const rule_check& check_;
    settings out_;
    bool in_scope_ = false;
    std::vector<const key*> said_;
    std::set<std::string> seen_;
};

}  // namespace config
