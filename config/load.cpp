#include "config/load.hpp"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <numeric>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "config/keys.hpp"
#include "config/values.hpp"

namespace config {
namespace {

// Edits (insert, delete, replace) that turn one word into the other.
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < a.size(); ++i) {
        auto diagonal = std::exchange(row[0], i + 1);
        for (std::size_t j = 0; j < b.size(); ++j) {
            const auto replaced = diagonal + (a[i] == b[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({row[j] + 1, diagonal + 1, replaced});
        }
    }
    return row.back();
}

struct reader {
    const std::string& name;
    const rule_check& check;
    settings out;
    std::set<std::string> seen{};

    [[noreturn]] void fail(const YAML::Mark& at, const std::string& what) const {
        throw error(name + ":" + std::to_string(at.line + 1) + ":" + std::to_string(at.column + 1) + ": " + what);
    }

    static bool is_section(const std::string& path) {
        return std::any_of(keys().begin(), keys().end(), [&](const key& k) { return k.path.starts_with(path + "."); });
    }

    [[noreturn]] void unknown(const YAML::Node& at, const std::string& prefix, const std::string& path) const {
        std::string nearest;
        const auto typed = std::string_view(path).substr(prefix.size());
        auto least = std::min<std::size_t>(4, typed.size());  // further away is no slip of the pen
        const auto consider = [&](std::string_view known) {
            if (!known.starts_with(prefix)) return;
            const auto word = known.substr(prefix.size(), known.find('.', prefix.size()) - prefix.size());
            const auto edits = distance(word, typed);
            if (edits < least) {
                least = edits;
                nearest = word;
            }
        };
        for (const auto& k : keys()) consider(k.path);
        consider("rules");
        fail(at.Mark(), "unknown key '" + path + "'" + (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
    }

    void read_rules(const YAML::Node& map) {
        if (!map.IsMap() && !map.IsNull()) fail(map.Mark(), "'rules' must be a map of rule ids to actions");
        for (const auto& entry : map) {
            if (!entry.first.IsScalar()) fail(entry.first.Mark(), "a key must be a word");
            const auto id = entry.first.Scalar();
            if (!entry.second.IsScalar()) fail(entry.second.Mark(), "'rules." + id + "' must be one value");
            if (!seen.insert("rules." + id).second) fail(entry.first.Mark(), "'rules." + id + "' stands here twice");
            try {
                out.rules[id] = parse_action(entry.second.Scalar());
            } catch (const std::invalid_argument& problem) {
                fail(entry.second.Mark(), "'rules." + id + "': " + problem.what());
            }
            if (const auto wrong = check ? check(id, out.rules[id]) : std::nullopt) fail(entry.first.Mark(), *wrong);
        }
    }

    void read_map(const YAML::Node& map, const std::string& prefix) {
        for (const auto& entry : map) {
            if (!entry.first.IsScalar()) fail(entry.first.Mark(), "a key must be a word");
            const auto path = prefix + entry.first.Scalar();
            if (!seen.insert(path).second) fail(entry.first.Mark(), "'" + path + "' stands here twice");
            if (path == "rules") {
                read_rules(entry.second);
            } else if (is_section(path)) {
                if (!entry.second.IsMap() && !entry.second.IsNull()) fail(entry.second.Mark(), "'" + path + "' must be a map");
                read_map(entry.second, path + ".");
            } else {
                read_value(entry.first, entry.second, prefix, path);
            }
        }
    }

    void read_value(const YAML::Node& at, const YAML::Node& value, const std::string& prefix, const std::string& path) {
        const auto found = std::find_if(keys().begin(), keys().end(), [&](const key& k) { return k.path == path; });
        if (found == keys().end()) unknown(at, prefix, path);
        if (!value.IsScalar() && !value.IsNull()) fail(value.Mark(), "'" + path + "' must be one value");
        try {
            found->read(out, value.IsNull() ? "" : value.Scalar());
        } catch (const std::invalid_argument& problem) {
            fail(value.Mark(), "'" + path + "': " + problem.what());
        }
    }
};

}  // namespace

settings load_text(const std::string& text, const std::string& name, const rule_check& check, settings start) {
    reader r{name, check, std::move(start)};
    try {
        const auto documents = YAML::LoadAll(text);
        if (documents.size() > 1) r.fail(documents[1].Mark(), "a configuration is one document");
        if (documents.empty() || documents[0].IsNull()) return r.out;
        if (!documents[0].IsMap()) r.fail(documents[0].Mark(), "a configuration is a map of keys");
        r.read_map(documents[0], "");
    } catch (const YAML::Exception& problem) {
        r.fail(problem.mark, problem.msg);
    }
    return r.out;
}

settings load_file(const std::string& path, const rule_check& check, settings start) {
    std::ifstream file(path, std::ios::binary);
    file.peek();  // a directory can be opened, but not read
    if (!file.is_open() || file.bad()) throw error(path + ": cannot be read: " + std::generic_category().message(errno));
    std::ostringstream text;
    text << file.rdbuf();
    return load_text(text.str(), path, check, std::move(start));
}

}  // namespace config
