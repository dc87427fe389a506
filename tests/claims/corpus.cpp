#include "corpus.hpp"

#include <fstream>
#include <stdexcept>

namespace claims {
namespace {

bool take(std::string& line, std::string_view prefix) {
    if (!line.starts_with(prefix)) return false;
    line.erase(0, prefix.size());
    return true;
}

void directive(std::string line, corpus& into) {
    if (take(line, "--## ")) return;
    if (take(line, "--# ")) {
        const auto at = line.find(" @");
        entry e;
        e.id = line.substr(0, at);
        if (at != std::string::npos && line.substr(at + 2) != "-") e.target = line.substr(at + 2);
        into.entries.push_back(std::move(e));
        return;
    }
    if (into.entries.empty()) return;
    auto& e = into.entries.back();
    if (take(line, "--pre ")) e.before.push_back(line);
    else if (take(line, "--set ")) e.settings.push_back(line);
    else if (take(line, "--post ")) e.after.push_back(line);
    else if (take(line, "--solo ")) e.alone = line != "no";
    else throw std::runtime_error("unknown directive: " + line);
}

}  // namespace

void read_corpus(const std::filesystem::path& file, corpus& into) {
    std::ifstream in(file);
    if (!in) throw std::runtime_error("cannot read " + file.string());
    bool fixture = false, statements = false;
    for (std::string line; std::getline(in, line);) {
        if (line == "--@fixture" || line == "--@corpus") {
            fixture = line == "--@fixture";
            statements = !fixture;
        } else if (fixture) {
            into.fixture += line + '\n';
        } else if (statements && line.starts_with("--")) {
            directive(line, into);
        } else if (statements && !line.empty() && !into.entries.empty()) {
            into.entries.back().sql += line + '\n';
        }
    }
}

}  // namespace claims
