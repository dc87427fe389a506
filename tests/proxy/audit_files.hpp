#pragma once

#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "proxy/audit_log.hpp"
#include "proxy/audit_verify.hpp"

// What the tests of the audit log's files share.
namespace audit_files {

struct scratch {
    std::filesystem::path directory;
    scratch() {
        auto name = (std::filesystem::temp_directory_path() / "audit-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        directory = name;
    }
    ~scratch() { std::filesystem::remove_all(directory); }
    std::string path(const char* name = "audit.jsonl") const { return (directory / name).string(); }
};

inline config::audit to_file(const std::string& path) { return {.file = path, .to_stdout = false}; }

inline proxy::audit_record record(std::uint64_t session, std::string statement = "DROP TABLE t") {
    return {.event = "decision",
            .session = session,
            .protocol = "simple",
            .statement = std::move(statement),
            .timeout_class = "blocking",
            .action = "allow",
            .mode = "enforce"};
}

inline std::vector<std::string> all_lines(const std::string& path) {
    std::ifstream file(path);
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
}

inline void write_lines(const std::string& path, const std::vector<std::string>& lines) {
    std::ofstream file(path, std::ios::trunc);
    for (const auto& line : lines) file << line << "\n";
}

inline std::string event_of(const std::string& line) { return std::string(boost::json::parse(line).at("event").as_string()); }
inline std::int64_t member(const std::string& line, const char* name) { return boost::json::parse(line).at(name).to_number<std::int64_t>(); }

// Polls for what another thread does without telling.
template <class Condition>
bool comes_true(Condition condition) {
    for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20); std::chrono::steady_clock::now() < end; std::this_thread::yield())
        if (condition()) return true;
    return false;
}

inline proxy::audit_verdict verdict_on(const std::vector<std::string>& paths, std::optional<std::string> expect = {}, std::optional<std::string> after = {}) {
    proxy::audit_verifier verifier(std::move(after), std::move(expect));
    for (const auto& path : paths) {
        verifier.begin_file(std::filesystem::path(path).filename().string());
        std::ifstream file(path);
        for (std::string line; std::getline(file, line);) verifier.line(line, !file.eof());
    }
    return verifier.end();
}

inline std::vector<std::string> texts(const std::vector<proxy::audit_remark>& remarks) {
    std::vector<std::string> out;
    for (const auto& r : remarks) out.push_back(r.file + ":" + std::to_string(r.line) + ": " + r.what);
    return out;
}

inline std::vector<std::string> findings(const std::vector<std::string>& paths, std::optional<std::string> expect = {},
                                         std::optional<std::string> after = {}) {
    return texts(verdict_on(paths, std::move(expect), std::move(after)).findings);
}

// The log and what it has moved away, oldest first.
inline std::vector<std::string> files_of(const scratch& s) {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(s.directory)) out.push_back(entry.path().string());
    std::sort(out.begin(), out.end());
    if (!out.empty()) std::rotate(out.begin(), out.begin() + 1, out.end());  // audit.jsonl comes before audit.jsonl.2026...
    return out;
}

}  // namespace audit_files
