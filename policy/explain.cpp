#include "policy/explain.hpp"

#include "policy/rules.hpp"

namespace policy {
namespace {

constexpr std::size_t width = 100;

void section(std::string& out, std::string_view heading, std::string_view text) {
    if (text.empty()) return;
    out += '\n';
    out += heading;
    out += '\n';
    out += wrapped(text, "  ");
}

void example(std::string& out, std::string_view heading, std::string_view sql) {
    if (sql.empty()) return;
    out += '\n';
    out += heading;
    out += "\n  ";
    out += sql;
    out += ";\n";
}

void fenced(std::string& out, std::string_view heading, std::string_view sql) {
    if (sql.empty()) return;
    out += "\n" + std::string(heading) + "\n\n```sql\n" + std::string(sql) + ";\n```\n";
}

void paragraph(std::string& out, std::string_view heading, std::string_view text) {
    if (!text.empty()) out += "\n**" + std::string(heading) + ".** " + std::string(text) + "\n";
}

}  // namespace

std::string wrapped(std::string_view text, std::string_view indent) {
    std::string out(indent);
    std::size_t column = indent.size();
    while (!text.empty()) {
        const auto blank = text.find(' ');
        const auto word = text.substr(0, blank);
        if (column > indent.size() && column + 1 + word.size() > width) {
            out += '\n';
            out += indent;
            column = indent.size();
        } else if (column > indent.size()) {
            out += ' ';
            ++column;
        }
        out += word;
        column += word.size();
        text.remove_prefix(blank == std::string_view::npos ? text.size() : blank + 1);
    }
    return out + '\n';
}

std::string_view name(config::action action) noexcept {
    switch (action) {
    case config::action::allow: return "allow";
    case config::action::warn: return "warn";
    case config::action::rewrite: return "rewrite";
    case config::action::reject: return "reject";
    }
    return "";
}

std::string explain_text(const rule& r) {
    std::string out(r.text.id);
    out += '\n';
    out += wrapped(r.text.summary, "  ");
    section(out, "Fires when", r.text.fires_when);
    section(out, "Harm", r.text.harm);
    section(out, "Remedy", r.text.remedy);
    section(out, "Django", r.text.django);
    example(out, "Given", r.text.given);
    example(out, "Instead of", r.text.before);
    example(out, "write", r.text.after);
    section(out, "Action where none is configured", name(r.text.action));
    return out;
}

std::string explain_markdown(const rule& r) {
    std::string out = "## " + std::string(r.text.id) + "\n\n" + std::string(r.text.summary) + ".\n";
    out += "\nFamily: " + std::string(name(r.text.family)) + ".\n";
    paragraph(out, "Fires when", r.text.fires_when);
    paragraph(out, "Harm", r.text.harm);
    paragraph(out, "Remedy", r.text.remedy);
    paragraph(out, "Django", r.text.django);
    fenced(out, "Given", r.text.given);
    fenced(out, r.text.given.empty() ? "Instead of" : "instead of", r.text.before);
    fenced(out, "write", r.text.after);
    out += "\nDefault action: `" + std::string(name(r.text.action)) + "`" + (r.rewrites ? ", can rewrite" : "") +
           (r.text.action == config::action::allow ? " on the wire; `lockkeeper check` reports it" : "") + ".\n";
    return out;
}

std::string rules_markdown() {
    std::string out = "# Rules\n\nWritten by `lockkeeper rules`; a test compares.\n";
    for (const auto* r : all_rules()) out += "\n" + explain_markdown(*r);
    return out;
}

std::string explain_text(const plan& p) {
    std::string out;
    std::size_t number = 0;
    for (const auto& s : p.steps) {
        out += std::to_string(++number) + ". " + text_of(s) + "\n";
        out += wrapped(s.why + (s.place == step_place::own ? " (outside a transaction)" : " (in the transaction)"), "   ");
        if (!s.unless.empty()) out += wrapped("left out where there is nothing to do", "   ");
        if (!s.undo.empty()) out += "   if it fails: " + s.undo + "\n";
    }
    return out;
}

}  // namespace policy
