#include "config/keys.hpp"
#include "config/load.hpp"

namespace config {
namespace {

std::string cell(std::string_view text) {
    std::string out;
    for (const char c : text) out.append(c == '|' || c == '*' ? "\\" : "").append(1, c);
    return out;
}

std::string row(std::initializer_list<std::string> cells) {
    std::string out = "|";
    for (const auto& one : cells) out += " " + one + " |";
    return out + "\n";
}

std::string row_of(const key& k) {
    return row({"`" + std::string(k.path) + "`", "`" + k.write({}) + "`", k.keep != nullptr ? "restart" : "reload", k.copy != nullptr ? "yes" : "",
                cell(k.meaning)});
}

}  // namespace

std::string keys_markdown() {
    std::string out =
        "# Configuration keys\n\n"
        "`lockkeeper config keys` writes this page. `a.b` is the key `b` in the map `a`; both `a: {b: value}` and `a.b: value` are read.\n"
        "`reload`: SIGHUP changes it in what runs. `restart`: SIGHUP says in the log that it stays as it was. Where a scope is named,\n"
        "an entry of `scopes` can have its own. Times are written `0`, `500ms`, `5s`, `2min` or `1h`, sizes `0`, `512`, `64KiB`, `8MiB` or\n"
        "`1GiB`. `lockkeeper config check --config FILE` names what is wrong with file, line and column.\n\n" +
        row({"key", "default", "changed by", "scope", "what it does"}) + "|---|---|---|---|---|\n";
    for (const auto& k : keys()) out += row_of(k);
    out += row({"`rules`", "`{}`", "reload", "yes",
                "A map of rule ids to `allow`, `warn`, `rewrite` or `reject`, where it is not the rule's own default; or to a map of `action` and "
                "`transactions`. `lockkeeper rules` lists the rules."});
    out += row({"`scopes`", "`[]`", "reload", "",
                "A list of maps: `match`, and what is different where all of it holds. Of several that match the later ones win, key by key."});
    out += "\nWhat `match` can name:\n\n" + row({"key", "example", "what it matches"}) + "|---|---|---|\n";
    for (const auto& k : match_keys()) out += row({"`match." + std::string(k.name) + "`", "`" + std::string(k.example) + "`", cell(k.meaning)});
    return out;
}

}  // namespace config
