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
    "or 1GiB.";
constexpr std::string_view rules_meaning =
    "rule id: allow, warn, rewrite or reject, where it differs from the rule's own default (`lockkeeper rules` lists them).";

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

}  // namespace

std::string print(const settings& s) {
    auto out = comment(head, "") + "\n";
    std::string section;
    for (const auto& k : keys()) {
        const auto dot = k.path.find('.');
        const auto in = dot == k.path.npos ? "" : std::string(k.path.substr(0, dot));
        if (in != section && !in.empty()) out += "\n" + in + ":\n";
        if (in.empty() && !section.empty()) out += "\n";
        section = in;
        const std::string indent = in.empty() ? "" : "  ";
        out += comment(k.meaning, indent);
        out += indent + std::string(dot == k.path.npos ? k.path : k.path.substr(dot + 1)) + ": " + k.write(s) + "\n";
    }
    out += "\n" + comment(rules_meaning, "");
    out += s.rules.empty() ? "rules: {}\n" : "rules:\n";
    for (const auto& [id, what] : s.rules) out += "  " + id + ": " + print(what) + "\n";
    return out;
}

}  // namespace config
