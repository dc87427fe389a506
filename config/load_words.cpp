#include <algorithm>
#include <numeric>
#include <utility>

#include "config/load_reader.hpp"
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

}  // namespace

void source::fail(const YAML::Mark& at, const std::string& what) const {
    throw error(name + ":" + std::to_string(at.line + 1) + ":" + std::to_string(at.column + 1) + ": " + readable(what));
}

std::string source::word(const YAML::Node& key) const {
    if (!key.IsScalar()) fail(key.Mark(), "a key must be a word");
    check_untagged(key);
    return key.Scalar();
}

void source::check_untagged(const YAML::Node& value) const {
    const auto& tag = value.Tag();
    if (!tag.empty() && tag != "?" && tag != "!") fail(value.Mark(), "a tag cannot stand here ('" + tag + "'): each key has a type of its own");
}

std::string text_of(const YAML::Node& value) { return value.IsNull() ? "" : parse_text(value.Scalar()); }

YAML::Mark place_of(const YAML::Node& key, const YAML::Node& value) { return value.IsNull() ? key.Mark() : value.Mark(); }

std::string suggestion(std::string_view typed, std::span<const std::string_view> known) {
    std::string_view nearest;
    if (typed.size() > 80) return "";
    auto least = std::min<std::size_t>(4, typed.size() / 2 + 1);  // further away is no slip of the pen
    for (const auto candidate : known) {
        const auto edits = distance(candidate, typed);
        if (edits >= least) continue;
        least = edits;
        nearest = candidate;
    }
    return nearest.empty() ? "" : "; did you mean '" + std::string(nearest) + "'?";
}

}  // namespace config
