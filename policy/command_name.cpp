#include "policy/command_name.hpp"

#include <algorithm>
#include <array>

#include "policy/scanner.hpp"

namespace policy {
namespace {

constexpr std::array noise{"OR",        "REPLACE",  "UNIQUE", "TEMP",  "TEMPORARY",  "UNLOGGED", "GLOBAL",
                           "LOCAL",     "RECURSIVE", "CONSTRAINT", "TRUSTED", "PROCEDURAL"};
// First words of names that have more than one.
constexpr std::array adjectives{"MATERIALIZED", "FOREIGN", "DATA", "EVENT", "ACCESS", "USER", "DEFAULT", "TEXT", "SEARCH"};

template <std::size_t n>
bool among(const std::array<const char*, n>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

class words_in_capitals {
public:
    explicit words_in_capitals(std::string_view sql) : sql_(sql), scan_(sql, {}) {}

    // Empty at the end, and at anything that is not a word.
    std::string next() {
        const token t = scan_.next();
        if (t.kind != token_kind::word) return {};
        std::string word(sql_.substr(t.begin, t.end - t.begin));
        for (char& c : word) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
        return word;
    }

private:
    std::string_view sql_;
    scanner scan_;
};

}  // namespace

std::string command_name(std::string_view statement) {
    words_in_capitals words(statement);
    std::string name = words.next();
    if (name == "TRUNCATE" || name == "LOCK") return name + " TABLE";
    if (name == "REFRESH") return "REFRESH MATERIALIZED VIEW";
    if (name == "SET") return words.next() == "CONSTRAINTS" ? "SET CONSTRAINTS" : name;
    if (name != "CREATE" && name != "ALTER" && name != "DROP") return name;
    std::string word = words.next();
    while (among(noise, word)) word = words.next();
    while (among(adjectives, word)) {
        name += ' ' + word;
        word = words.next();
    }
    if (!word.empty()) name += ' ' + word;
    return name;
}

}  // namespace policy
