#include <algorithm>

#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/values.hpp"

namespace config {
namespace {

constexpr std::size_t width = 100;  // of a comment line

constexpr std::string_view head =
    "Lockkeeper's settings. A key that is left out has the value that `lockkeeper config print` shows without a file; a key "
    "that is not known is an error. Times are written 0, 500ms, 5s, 2min or 1h, up to 596h; sizes 0, 512 (bytes), 64KiB, 8MiB "
    "or 1GiB. SIGHUP has the file read again: a file with an error changes nothing, and what a decision depends on counts for all "
    "sessions from their next transaction on.";
constexpr std::string_view scopes_meaning =
    "What differs in some sessions, for some tables, or at some hours: a list. Each entry has `match` and what is different "
    "where all of that holds: mode, small_table, unparseable, transactions, ledger, timeouts, locks, overrides and rules can be. Of several that match "
    "the later ones win, key by key. An entry looks like this; the keys of `match` are all that there are.";
constexpr std::string_view rules_meaning =
    "rule id: allow, warn, rewrite or reject, where it differs from the rule's own default (`lockkeeper rules` lists them). A rule "
    "that rewrites can have `transactions` of its own: rule id: {action: rewrite, transactions: split}; either may be left out.";

std::string comment(std::string_view text, const std::string& indent) {
    std::string out, line = indent + "#";
    while (!text.empty()) {
        const auto word = text.substr(0, text.find(' '));
        text.remove_prefix(std::min(text.size(), word.size() + 1));
        if (line.size() + 1 + word.size() > width) {
            out += line + "\n";
            line = indent + "#";
        }
        line += " " + std::string(word);
    }
    return out + line + "\n";
}

std::string_view section_of(std::string_view path) { return path.substr(0, path.find('.') == path.npos ? 0 : path.find('.')); }

// One entry that says everything, as a comment.
std::string scope_example() {
    std::string out = "# - match:\n";
    for (const auto& k : match_keys()) {
        out += comment(k.meaning, "#     ");
        out += "#     " + std::string(k.name) + ": " + std::string(k.example) + "\n";
    }
    return out + "#   mode: guard\n#   timeouts:\n#     lock: 2s\n#   rules:\n#     table-dropped: reject\n";
}

// `rules` with what stands in it; `none` where that is nothing.
std::string print_rules(const scoped_settings& s, const std::string& indent, const std::string& none) {
    std::map<std::string, std::string> said;
    for (const auto& [id, what] : s.rules) said[id] = print(what);
    for (const auto& [id, way] : s.rule_transactions) {
        auto& text = said[id];
        text = "{" + (text.empty() ? "" : "action: " + text + ", ") + "transactions: " + print(way) + "}";
    }
    if (said.empty()) return none;
    std::string out = indent + "rules:\n";
    for (const auto& [id, text] : said) out += indent + "  " + id + ": " + text + "\n";
    return out;
}

std::string print(const scope& s) {
    std::string out = "  - match:\n";
    for (const auto& k : match_keys())
        if (const auto value = k.write(s.match); !value.empty()) out += "      " + std::string(k.name) + ": " + value + "\n";
    settings differs;
    static_cast<scoped_settings&>(differs) = s.differs;
    for (const auto* k : s.says) out += "    " + std::string(k->path) + ": " + k->write(differs) + "\n";
    return out + print_rules(s.differs, "    ", "");
}

}  // namespace

std::string print(const settings& s) {
    auto out = comment(head, "") + "\n";
    std::string section;
    for (const auto& k : keys()) {
        const auto in = std::string(section_of(k.path));
        if (in != section && !in.empty()) out += "\n" + in + ":\n";
        if (in.empty() && !section.empty()) out += "\n";
        section = in;
        const std::string indent = in.empty() ? "" : "  ";
        out += comment(std::string(k.meaning) + (k.keep != nullptr ? " Changed by a restart only." : ""), indent);
        out += indent + std::string(k.path.substr(in.empty() ? 0 : in.size() + 1)) + ": " + k.write(s) + "\n";
    }
    out += "\n" + comment(rules_meaning, "");
    out += print_rules(s, "", "rules: {}\n");
    out += "\n" + comment(scopes_meaning, "") + scope_example();
    out += s.scopes.empty() ? "scopes: []\n" : "scopes:\n";
    for (const auto& one : s.scopes) out += print(one);
    return out;
}

}  // namespace config
