#include "config/keys.hpp"
#include "proxy/command_words.hpp"

// In the macros of man(7).

namespace proxy {
namespace {

std::string roff(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '\\') out += "\\e";
        else if (c == '-') out += "\\-";
        else if ((c == '.' || c == '\'') && out.empty()) out += "\\&" + std::string(1, c);
        else out += c;
    }
    return out;
}

std::string bold(std::string_view text) { return "\\fB" + roff(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + roff(text) + "\\fR"; }

std::string head(const std::string& page, const std::string& section, const std::string& about) {
    return ".\\\" Written by `lockkeeper manual`.\n.TH " + page + " " + section + " \"\" \"lockkeeper " LOCKKEEPER_VERSION "\"\n.SH NAME\n" + about + "\n";
}

std::string heading(const std::string& text) { return ".SH " + text + "\n"; }
std::string entry(const std::string& what, const std::string& text) { return ".TP\n" + what + "\n" + text + "\n"; }

std::string word_of(const option_words& o) {
    if (o.takes.empty()) return "";
    std::string out;
    for (const auto& choice : o.choices) out += (out.empty() ? "" : "|") + choice;
    return o.takes == "RULE" || out.empty() ? o.takes : out;
}

std::string synopsis(const command_words& c) {
    std::string out = bold("lockkeeper " + c.path);
    for (const auto& a : c.arguments) {
        const auto words = italic(a.name) + (a.many ? " ..." : "");
        out += " " + (a.required ? words : "[" + words + "]");
    }
    return out + " [" + italic("options") + "]";
}

std::string option(const option_words& o) {
    std::string names;
    for (const auto& name : o.names) names += (names.empty() ? "" : ", ") + bold(name);
    if (o.names.empty()) names = italic(o.name);
    if (const auto value = word_of(o); !value.empty() && !o.names.empty()) names += " " + italic(value);
    return entry(names, roff(o.meaning) + "." + (o.required && !o.names.empty() ? " Required." : ""));
}

std::string command(const command_words& c) {
    auto out = ".SS " + roff(c.path) + "\n" + synopsis(c) + "\n.PP\n" + roff(c.meaning) + ".\n";
    for (const auto& a : c.arguments) out += option(a);
    for (const auto& o : c.options)
        if (o.name != "--help") out += option(o);
    return out;
}

// What the list of commands does not tell.
std::string about_the_program() {
    return heading("EXIT STATUS") + entry(bold("0"), "All is well.") +
           entry(bold("1"), "There are findings: a statement that would be refused or warned about, something pending, a log that was changed.") +
           entry(bold("2"), "The command line or the configuration is wrong; one sentence on standard error says how.") +
           entry(bold("3"), "The server could not be reached.") +
           entry(bold("4"), "serve could not begin: an address is taken, or a file that the configuration names cannot be used. "
                            "Later it may.") +
           heading("SIGNALS") +
           entry(bold("SIGHUP"), "The configuration and the files that it names are read again. A mistake in them changes nothing, and the log names it.") +
           entry(bold("SIGTERM") + ", " + bold("SIGINT"), "No more clients are let in; those that are at work have " + bold("drain.grace") + ". A second signal ends all at once.") +
           heading("ENVIRONMENT") + entry(bold("PGHOST") + ", " + bold("PGPORT"), "The server, where neither the configuration nor a flag names it.") +
           entry(bold("NOTIFY_SOCKET") + ", " + bold("WATCHDOG_USEC") + ", " + bold("LISTEN_FDS"), "As systemd sets them.") + heading("FILES") +
           entry(italic("/etc/lockkeeper/lockkeeper.yaml"), "What the systemd unit has it read: " + bold("lockkeeper.yaml") + "(5).") +
           entry(italic("/usr/share/doc/lockkeeper/config/example.yaml"), "Every key with its default and a line of explanation.") + heading("EXAMPLES") +
           ".nf\nlockkeeper serve \\-\\-listen 127.0.0.1:6432 \\-\\-upstream db.example.com:5432 \\-\\-mode observe\n"
           "python3 manage.py sqlmigrate shop 0042 | lockkeeper check\nlockkeeper explain table\\-renamed\n"
           "lockkeeper audit tail \\-f /var/log/lockkeeper/audit.jsonl\n.fi\n" +
           heading("SEE ALSO") + bold("lockkeeper.yaml") + "(5), " + bold("psql") + "(1)\n";
}

}  // namespace

std::string manual_of_program(const command_words& tree) {
    auto out = head("LOCKKEEPER", "1", "lockkeeper \\- PostgreSQL proxy that lets schema changes through without stopping the site") + heading("SYNOPSIS") +
               bold("lockkeeper") + " " + italic("command") + " [" + italic("options") + "]\n" + heading("DESCRIPTION") +
               "Lockkeeper stands between an application and PostgreSQL, reads every statement on the wire, and makes the schema changes\n"
               "that would stop the site safe, or refuses them and says what to do instead. Everything else passes byte for byte.\n.PP\n" +
               bold("lockkeeper serve") + " runs it; the other commands judge SQL without running it, read the audit log, and finish what was put off.\n" +
               heading("COMMANDS");
    for (const auto* leaf : leaves_of(tree)) out += command(*leaf);
    return out + about_the_program();
}

std::string manual_of_file() {
    auto out = head("LOCKKEEPER.YAML", "5", "lockkeeper.yaml \\- configuration of lockkeeper") + heading("DESCRIPTION") +
               "One YAML document, a map of the keys below. " + bold("a.b") + " is the key " + bold("b") + " in the map " + bold("a") + ".\n" +
               "A key that is left out has its default; one that is not known is an error. Times are written 0, 500ms, 5s, 2min or 1h, sizes 0, 512,\n"
               "64KiB, 8MiB or 1GiB. " + bold("lockkeeper config check --config") + " " + italic("FILE") + " names what is wrong with its place.\n" + heading("KEYS");
    for (const auto& k : config::keys())
        out += entry(bold(k.path) + " (" + roff(k.write({})) + ")", roff(k.meaning) + (k.keep != nullptr ? " Changed by a restart only." : ""));
    out += entry(bold("rules"), "A map of rule ids to allow, warn, rewrite or reject, or to a map of " + bold("action") + " and " + bold("transactions") + ".") +
           entry(bold("scopes"), "A list of maps: " + bold("match") + ", and what is different where all of it holds. The keys of " + bold("match") + ":");
    out += ".RS\n";
    for (const auto& k : config::match_keys()) out += entry(bold(k.name), roff(k.meaning));
    return out + ".RE\n" + heading("SEE ALSO") + bold("lockkeeper") + "(1)\n";
}

}  // namespace proxy
