#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "proxy/audit_commands.hpp"
#include "proxy/audit_verify.hpp"

// `lockkeeper audit verify`.

namespace proxy {
namespace {

namespace json = boost::json;

std::ifstream open_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file || file.peek() == std::ifstream::traits_type::eof()) file.clear();
    if (!std::ifstream(path)) throw std::runtime_error(path + ": it cannot be read");
    return file;
}

// Where the file stands among the others: the number of its first record. One that has none stays in front.
std::uint64_t first_number(const std::string& path) {
    if (path == "-") return 0;
    auto file = open_file(path);
    for (std::string line; std::getline(file, line);)
        if (const auto l = read_link(line)) return l->link.seq;
    return 0;
}

void read(std::istream& in, audit_verifier& verifier) {
    for (std::string line; std::getline(in, line);) verifier.line(line, !in.eof());
}

json::array as_json(const std::vector<audit_remark>& all) {
    json::array out;
    for (const auto& r : all) out.push_back(json::object{{"file", r.file}, {"line", r.line}, {"what", r.what}});
    return out;
}

void print(const audit_verdict& v, std::size_t files) {
    for (const auto& r : v.findings) std::cout << r.file << ":" << r.line << ": " << r.what << "\n";
    for (const auto& r : v.notes) std::cout << r.file << ":" << r.line << ": note: " << r.what << "\n";
    std::cout << (v.findings.empty() ? "fine: " : std::to_string(v.findings.size()) + (v.findings.size() == 1 ? " finding: " : " findings: "))
              << v.records << " records in " << files << (files == 1 ? " file" : " files");
    if (v.records > 0) std::cout << ", " << v.first_seq << " to " << v.last.seq << "; the last hash is " << v.last.hash;
    std::cout << "\n";
}

void print_json(const audit_verdict& v) {
    std::cout << json::serialize(json::object{{"fine", v.findings.empty()}, {"findings", as_json(v.findings)}, {"notes", as_json(v.notes)},
                                              {"records", v.records}, {"first", v.first_seq}, {"last", v.last.seq}, {"hash", v.last.hash}})
              << "\n";
}

std::optional<std::string> given(const std::string& text) { return text.empty() ? std::nullopt : std::optional(text); }

}  // namespace

int verify_audit(const verify_options& options) {
    std::vector<std::pair<std::uint64_t, std::string>> files;
    for (const auto& path : options.files) files.emplace_back(first_number(path), path);
    std::stable_sort(files.begin(), files.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    audit_verifier verifier(given(options.after), given(options.expect));
    for (const auto& [first, path] : files) {
        verifier.begin_file(path);
        if (path == "-") {
            read(std::cin, verifier);
            continue;
        }
        auto file = open_file(path);
        read(file, verifier);
    }
    const auto verdict = verifier.end();
    if (options.json) print_json(verdict);
    else print(verdict, files.size());
    return verdict.findings.empty() ? 0 : 1;
}

}  // namespace proxy
