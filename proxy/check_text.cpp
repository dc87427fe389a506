#include <algorithm>
#include <ostream>

#include "policy/explain.hpp"
#include "policy/rules.hpp"
#include "policy/wording.hpp"
#include "proxy/check_report.hpp"

namespace proxy {
namespace {

// Escape sequences of a terminal, or nothing.
struct paint {
    bool on;
    std::string_view bold() const noexcept { return on ? "\033[1m" : ""; }
    std::string_view of(config::action a) const noexcept {
        if (!on) return "";
        return a == config::action::reject ? "\033[1;31m" : a == config::action::rewrite ? "\033[1;36m" : "\033[1;33m";
    }
    std::string_view off() const noexcept { return on ? "\033[0m" : ""; }
};

// "  12 | ALTER TABLE ..." and a caret below the place. Tabs stay tabs, so that the caret is where it should be.
std::string excerpt(const checked_statement& c, const paint& colours) {
    const auto number = std::to_string(c.line);
    std::string before = c.source.substr(0, c.source_column - 1);
    std::replace_if(before.begin(), before.end(), [](char b) { return b != '\t'; }, ' ');
    return "  " + number + " | " + c.source + "\n" + std::string(number.size() + 2, ' ') + " | " + before +
           std::string(colours.bold()) + "^" + std::string(colours.off()) + "\n";
}

std::string steps(const policy::plan& plan) {
    std::string out = "  what runs instead:\n", text = policy::explain_text(plan);
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        out += "    " + text.substr(begin, end - begin) + "\n";
        begin = end + 1;
    }
    return out;
}

std::string finding_text(const checked_statement& c, const policy::finding& f, const paint& colours) {
    std::string out(colours.bold());
    out += c.file + ":" + std::to_string(c.line) + ":" + std::to_string(c.column) + ": ";
    out += colours.off();
    out += colours.of(f.action);
    out += policy::name(f.action);
    out += colours.off();
    out += " " + f.rule + "\n" + excerpt(c, colours);
    for (const auto& sentence : {f.message, f.detail, f.hint})
        if (!sentence.empty()) out += policy::wrapped(sentence, "  ");
    if (f.action == config::action::rewrite && c.decision.replacement) out += steps(*c.decision.replacement);
    return out + "\n";
}

std::string counted(std::size_t n, std::string_view thing) {
    return std::to_string(n) + " " + std::string(thing) + (n == 1 ? "" : "s");
}

class text_report : public check_report {
public:
    text_report(std::ostream& out, bool colours) noexcept : out_(out), colours_{colours} {}

    void add(const checked_statement& c) override {
        ++statements_;
        findings_ += c.verdict.findings.size();
        for (const auto& f : c.verdict.findings) out_ << finding_text(c, f, colours_);
    }
    void end() override { out_ << counted(findings_, "finding") << " in " << counted(statements_, "statement") << "\n"; }

private:
    std::ostream& out_;
    paint colours_;
    std::size_t statements_ = 0, findings_ = 0;
};

}  // namespace

std::unique_ptr<check_report> make_text_report(std::ostream& out, bool colours) {
    return std::make_unique<text_report>(out, colours);
}

std::string explain_report(const checked_statement& c) {
    std::string out = c.verdict.kind + (c.verdict.transactional ? "" : " (not inside a transaction)") + "\n";
    if (c.verdict.relations.empty()) out += "  It takes no lock that others would notice.\n";
    for (const auto& r : c.verdict.relations) out += policy::wrapped(policy::effect_text(r), "  ");
    for (const auto& f : c.verdict.findings) {
        out += "\n" + std::string(policy::name(f.action)) + " " + f.rule + "\n";
        for (const auto& sentence : {f.message, f.hint}) out += policy::wrapped(sentence, "  ");
    }
    if (c.decision.replacement) out += steps(*c.decision.replacement);
    return out;
}

std::string rules_text() {
    std::size_t width = 0;
    for (const auto* r : policy::all_rules()) width = std::max(width, r->text.id.size());
    std::string out;
    for (const auto* r : policy::all_rules()) {
        std::string line(r->text.id);
        line.resize(width + 2, ' ');
        line += policy::name(r->text.action);
        line.resize(width + 11, ' ');
        out += line + std::string(r->text.summary) + "\n";
    }
    return out;
}

}  // namespace proxy
