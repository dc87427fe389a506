#include <ostream>

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

class github_report : public check_report {
public:
    explicit github_report(std::ostream& out) noexcept : out_(out) {}

    void add(const checked_statement& c) override {
        for (const auto& f : c.verdict.findings)
            out_ << (f.action == config::action::reject ? "::error" : "::warning") << " file=" << escaped(c.file, true)
                 << ",line=" << c.line << ",col=" << c.column << ",title=" << escaped(f.rule, true)
                 << "::" << escaped(f.message + ". " + f.hint, false) << "\n";
    }
    void end() override {}

private:
    std::ostream& out_;
};

}  // namespace

std::unique_ptr<check_report> make_github_report(std::ostream& out) { return std::make_unique<github_report>(out); }

}  // namespace proxy
