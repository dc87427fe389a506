#include "proxy/check_report.hpp"

// Workflow commands of GitHub Actions: "::error file=...,line=...,title=...::message".
namespace proxy {
namespace {

// In a property a colon and a comma would end the value.
std::string escaped(std::string_view text, bool property) {
    std::string out;
    for (const char c : text) {
        if (c == '%') out += "%25";
        else if (c == '\r') out += "%0D";
        else if (c == '\n') out += "%0A";
        else if (property && c == ':') out += "%3A";
        else if (property && c == ',') out += "%2C";
        else out += c;
    }
    return out;
}

}  // namespace

std::string github_report(std::span<const checked_statement> checked) {
    std::string out;
    for (const auto& c : checked)
        for (const auto& f : c.verdict.findings)
            out += std::string(f.action == config::action::reject ? "::error" : "::warning") + " file=" + escaped(c.file, true) +
                   ",line=" + std::to_string(c.line) + ",col=" + std::to_string(c.column) + ",title=" + escaped(f.rule, true) +
                   "::" + escaped(f.message + ". " + f.hint, false) + "\n";
    return out;
}

}  // namespace proxy
