#include "proxy/command_words.hpp"

#include <CLI/CLI.hpp>

#include "policy/rules.hpp"

namespace proxy {
namespace {

// "TEXT:{text,json}": what is between the braces.
std::vector<std::string> choices_of(const std::string& type) {
    std::vector<std::string> out;
    const auto open = type.find('{'), close = type.find('}');
    if (open == type.npos || close == type.npos) return out;
    for (auto at = open + 1; at < close;) {
        const auto end = std::min(type.find(',', at), close);
        out.push_back(type.substr(at, end - at));
        at = end + 1;
    }
    return out;
}

option_words words_of(const CLI::Option& option) {
    option_words out;
    for (const auto& name : option.get_snames()) out.names.push_back("-" + name);
    for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
    out.name = out.names.empty() ? option.get_name(true) : out.names.back();
    const auto type = option.get_type_name();
    if (option.get_items_expected_max() > 0) out.takes = type.substr(0, type.find(':'));
    out.choices = choices_of(type);
    if (out.takes == "RULE")
        for (const auto* rule : policy::all_rules()) out.choices.emplace_back(rule->text.id);
    out.meaning = option.get_description();
    out.required = option.get_required();
    out.many = option.get_items_expected_max() > 1;
    return out;
}

}  // namespace

command_words words_of(const CLI::App& app, const std::string& path) {
    command_words out{path, app.get_description(), {}, {}, {}};
    for (const auto* option : app.get_options()) (option->nonpositional() ? out.options : out.arguments).push_back(words_of(*option));
    for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; }))
        out.commands.push_back(words_of(*sub, path + (path.empty() ? "" : " ") + sub->get_name()));
    return out;
}

std::vector<const command_words*> leaves_of(const command_words& tree) {
    if (tree.commands.empty()) return {&tree};
    std::vector<const command_words*> out;
    for (const auto& sub : tree.commands)
        for (const auto* leaf : leaves_of(sub)) out.push_back(leaf);
    return out;
}

}  // namespace proxy
