#include <algorithm>

#include "config/load_reader.hpp"

namespace config {
namespace {

void read_match_key(const YAML::Node& at, const YAML::Node& value, const source& from, scope_match& out) {
    const auto name = from.word(at);
    const auto found = std::find_if(match_keys().begin(), match_keys().end(), [&](const match_key& k) { return k.name == name; });
    if (found == match_keys().end()) {
        std::vector<std::string_view> known;
        for (const auto& k : match_keys()) known.push_back(k.name);
        from.fail(at.Mark(), "unknown key 'match." + name + "'" + suggestion(name, known));
    }
    if (!value.IsScalar() && !value.IsNull()) from.fail(place_of(at, value), "'match." + name + "' must be one value");
    try {
        found->read(out, text_of(value));
    } catch (const std::invalid_argument& problem) {
        from.fail(place_of(at, value), "'match." + name + "': " + problem.what());
    }
}

scope_match read_match(const YAML::Node& map, const source& from) {
    if (!map.IsMap()) from.fail(map.Mark(), "'match' must be a map");
    scope_match out;
    std::set<std::string> seen;
    for (const auto& entry : map) {
        from.check_untagged(entry.second);
        if (!seen.insert(from.word(entry.first)).second)
            from.fail(entry.first.Mark(), "'match." + entry.first.Scalar() + "' stands here twice");
        read_match_key(entry.first, entry.second, from, out);
    }
    if (seen.empty()) from.fail(map.Mark(), "'match' names nothing: what holds everywhere stands outside of `scopes`");
    if (out.hours.from == out.hours.to) from.fail(map.Mark(), "'match.from' and 'match.to' are the same time");
    const bool hours = seen.count("days") + seen.count("from") + seen.count("to") != 0;
    if (hours && out.hours == config::hours{.zone = out.hours.zone}) from.fail(map.Mark(), "'match' has all hours of the week: leave them out");
    if (seen.count("zone") != 0 && !hours) from.fail(map.Mark(), "'match.zone' needs days, from or to");
    return out;
}

}  // namespace

scope reader::read_scope(const YAML::Node& entry, const source& from, const rule_check& check) {
    from.check_untagged(entry);
    if (!entry.IsMap()) from.fail(entry.Mark(), "a scope is a map with 'match' and what is different");
    const auto match = entry["match"];
    if (!match) from.fail(entry.Mark(), "a scope needs 'match': it says where the rest holds");
    if (match.IsNull()) from.fail(entry.Mark(), "'match' says nothing");
    scope out{.match = read_match(match, from), .says = {}, .differs = {}};
    reader r(from, check, {});
    r.in_scope_ = true;
    r.read_map(entry, "");
    out.says = std::move(r.said_);
    out.differs = std::move(r.out_);
    if (out.says.empty() && out.differs.rules.empty() && out.differs.rule_transactions.empty())
        from.fail(entry.Mark(), "a scope needs something that is different in it");
    return out;
}

}  // namespace config
