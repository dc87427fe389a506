#include "config/load.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "config/load_reader.hpp"
#include "config/values.hpp"

namespace config {
namespace {

constexpr std::size_t most_of_a_file = 16u << 20;  // bytes

bool is_section(const std::string& path) {
    return std::any_of(keys().begin(), keys().end(), [&](const key& k) { return k.path.starts_with(path + "."); });
}

// Behind the last character that is not blank.
YAML::Mark end_of(std::string_view text) {
    text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);  // npos + 1 is 0
    YAML::Mark at;
    at.line = static_cast<int>(std::count(text.begin(), text.end(), '\n'));
    at.column = static_cast<int>(text.size() - (text.rfind('\n') + 1));
    return at;
}

}  // namespace

void reader::unknown(const YAML::Node& at, const std::string& prefix, const std::string& path) const {
    std::vector<std::string_view> known;
    for (const auto& k : keys())
        if (k.path.starts_with(prefix) && (!in_scope_ || k.copy))
            known.push_back(k.path.substr(prefix.size(), k.path.find('.', prefix.size()) - prefix.size()));
    if (path.find('.', prefix.size()) != path.npos)  // a path in one word
        for (const auto& k : keys()) known.push_back(k.path.substr(k.path.starts_with(prefix) ? prefix.size() : 0));
    if (prefix.empty()) known.insert(known.end(), {"rules", in_scope_ ? "match" : "scopes"});
    from_.fail(at.Mark(), "unknown key '" + path + "'" + suggestion(std::string_view(path).substr(prefix.size()), known));
}

void reader::read_rules(const YAML::Node& map) {
    if (!map.IsMap() && !map.IsNull()) from_.fail(map.Mark(), "'rules' must be a map of rule ids to actions");
    for (const auto& entry : map) {
        const auto id = from_.word(entry.first);
        from_.check_untagged(entry.second);
        if (!seen_.insert("rules." + id).second) from_.fail(entry.first.Mark(), "'rules." + id + "' stands here twice");
        read_rule(entry.first, entry.second, id);
        const auto action = out_.rules.find(id);
        auto wrong = check_ && action != out_.rules.end() ? check_(id, action->second) : std::nullopt;
        // Only what is rewritten is run in another way in a transaction block.
        if (check_ && !wrong && out_.rule_transactions.count(id) != 0) wrong = check_(id, action::rewrite);
        if (wrong) from_.fail(entry.first.Mark(), *wrong);
    }
}

// An action, or a map of what is said of the rule.
void reader::read_rule(const YAML::Node& at, const YAML::Node& value, const std::string& id) {
    if (!value.IsMap()) return read_rule_value(at, value, "rules." + id, id, "action");
    if (value.size() == 0) from_.fail(value.Mark(), "'rules." + id + "' says nothing");
    for (const auto& entry : value) {
        const auto name = from_.word(entry.first);
        from_.check_untagged(entry.second);
        const auto path = "rules." + id + "." + name;
        if (!seen_.insert(path).second) from_.fail(entry.first.Mark(), "'" + path + "' stands here twice");
        read_rule_value(entry.first, entry.second, path, id, name);
    }
}

void reader::read_rule_value(const YAML::Node& at, const YAML::Node& value, const std::string& path, const std::string& id,
                             const std::string& name) {
    static constexpr std::array<std::string_view, 2> known{"action", "transactions"};
    if (name != known[0] && name != known[1]) from_.fail(at.Mark(), "unknown key '" + path + "'" + suggestion(name, known));
    if (!value.IsScalar()) from_.fail(place_of(at, value), "'" + path + "' must be one value");
    try {
        if (name == known[0]) out_.rules[id] = parse_action(text_of(value));
        else out_.rule_transactions[id] = parse_transactions(text_of(value));
    } catch (const std::invalid_argument& problem) {
        from_.fail(place_of(at, value), "'" + path + "': " + problem.what());
    }
}

void reader::read_scopes(const YAML::Node& list) {
    if (!list.IsSequence() && !list.IsNull()) from_.fail(list.Mark(), "'scopes' must be a list");
    for (const auto& entry : list) {
        if (entry.IsNull()) from_.fail(list.Mark(), "entry " + std::to_string(out_.scopes.size() + 1) + " of 'scopes' is empty");
        out_.scopes.push_back(read_scope(entry, from_, check_));
    }
}

// The keys that hold others. False: it is none of them.
bool reader::read_section(const YAML::Node& value, const std::string& path) {
    if (path == "rules") return read_rules(value), true;
    if (path == "scopes" && !in_scope_) return read_scopes(value), true;
    if (path == "match" && in_scope_) return true;
    if (!is_section(path)) return false;
    if (!value.IsMap() && !value.IsNull()) from_.fail(value.Mark(), "'" + path + "' must be a map");
    return read_map(value, path + "."), true;
}

void reader::read_map(const YAML::Node& map, const std::string& prefix) {
    for (const auto& entry : map) {
        const auto path = prefix + from_.word(entry.first);
        from_.check_untagged(entry.second);
        if (!seen_.insert(path).second) from_.fail(entry.first.Mark(), "'" + path + "' stands here twice");
        if (!read_section(entry.second, path)) read_value(entry.first, entry.second, prefix, path);
    }
}

void reader::read_value(const YAML::Node& at, const YAML::Node& value, const std::string& prefix, const std::string& path) {
    const auto found = std::find_if(keys().begin(), keys().end(), [&](const key& k) { return k.path == path; });
    if (found == keys().end()) unknown(at, prefix, path);
    if (in_scope_ && !found->copy) from_.fail(at.Mark(), "'" + path + "' cannot differ by scope: it is read before there is a statement");
    if (!value.IsScalar() && !value.IsNull()) from_.fail(value.Mark(), "'" + path + "' must be one value");
    try {
        found->read(out_, text_of(value));
    } catch (const std::invalid_argument& problem) {
        from_.fail(place_of(at, value), "'" + path + "': " + problem.what());
    }
    said_.push_back(&*found);
}

settings load_text(const std::string& text, const std::string& name, const rule_check& check, settings start) {
    const source from{name};
    reader r(from, check, std::move(start));
    from.check_characters(text);
    try {
        // Where the file ends must be seen: yaml-cpp lets a quote that nothing closes reach to the end of a file that ends with a line feed.
        const auto documents = YAML::LoadAll(text + "\n...\n");
        if (documents.size() > 1) from.fail(documents[1].Mark(), "a configuration is one document");
        if (documents.empty() || documents[0].IsNull()) return r.take();
        from.check_untagged(documents[0]);
        if (!documents[0].IsMap()) from.fail(documents[0].Mark(), "a configuration is a map of keys");
        r.read_map(documents[0], "");
    } catch (const YAML::Exception& problem) {
        from.fail(problem.mark.pos < static_cast<int>(text.size()) ? problem.mark : end_of(text), in_our_words(problem));
    }
    return r.take();
}

settings load_file(const std::string& path, const rule_check& check, settings start) {
    std::ifstream file(path, std::ios::binary);
    file.peek();  // a directory can be opened, but not read
    if (!file.is_open() || file.bad()) throw error(path + ": cannot be read: " + std::generic_category().message(errno));
    std::string text(most_of_a_file + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > most_of_a_file) throw error(path + ": more than " + print_size(most_of_a_file) + ": that is no configuration");
    return load_text(text, path, check, std::move(start));
}

}  // namespace config
