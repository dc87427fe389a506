#include "proxy/cli.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "config/agreement.hpp"
#include "config/load.hpp"
#include "config/values.hpp"
#include "policy/explain.hpp"
#include "policy/rules.hpp"
#include "proxy/admin_wait.hpp"
#include "proxy/audit_cli.hpp"
#include "proxy/check.hpp"
#include "proxy/check_report.hpp"
#include "proxy/command_words.hpp"
#include "proxy/finish.hpp"
#include "proxy/log.hpp"
#include "proxy/metrics.hpp"
#include "proxy/observer.hpp"
#include "proxy/resume.hpp"
#include "proxy/server.hpp"

namespace proxy {
namespace {

// What the serve command and the config commands were given.
struct options {
    std::string config, listen, upstream, mode, rule, admin;
    std::string format = "text";
};

// libpq's variables name the server where neither the file nor a flag does.
config::settings from_environment() {
    config::settings s;
    if (const char* host = std::getenv("PGHOST"); host != nullptr && *host != '\0') s.upstream.host = host;
    if (const char* port = std::getenv("PGPORT"); port != nullptr && *port != '\0') {
        try {
            s.upstream.port = static_cast<std::uint16_t>(config::parse_count(port, 1, 65535));
        } catch (const std::invalid_argument& problem) {
            throw config::error(std::string("PGPORT: ") + problem.what());
        }
    }
    return s;
}

std::optional<std::string> check_rule(const std::string& id, config::action what) {
    const auto wrong = policy::check_rule_settings({{id, what}});
    return wrong ? std::optional(wrong->message) : std::nullopt;
}

// Flags win over the file, the file over the environment. Throws what is wrong, with the place.
config::settings settings_of(const options& o) {
    auto s = from_environment();
    if (!o.config.empty()) s = config::load_file(o.config, check_rule, std::move(s));
    const auto flag = [](const char* name, const std::string& value, auto&& set) {
        if (value.empty()) return;
        try {
            set();
        } catch (const std::invalid_argument& problem) {
            throw config::error(std::string(name) + ": " + problem.what());
        }
    };
    flag("--listen", o.listen, [&] { s.listen = config::parse_endpoint(o.listen); });
    flag("--upstream", o.upstream, [&] {
        const auto to = config::parse_endpoint(o.upstream, 1);
        s.upstream.host = to.host;
        s.upstream.port = to.port;
    });
    flag("--admin", o.admin, [&] { s.admin.listen = config::parse_endpoint(o.admin); });
    flag("--mode", o.mode, [&] { s.mode = config::parse_mode(o.mode); });
    auto wrong = config::disagreement(s);
    if (!wrong) wrong = wrong_with_connections(s);
    if (wrong) throw config::error((o.config.empty() ? "" : o.config + ": ") + *wrong);
    return s;
}

int show_rules(const std::string& format) {
    std::cout << (format == "text" ? rules_text() : format == "json" ? rules_json() : policy::rules_markdown());
    return 0;
}

// A rule's id is one word; whatever has a blank in it is SQL.
int explain(const std::string& id, const config::settings& settings) {
    if (id.find_first_of(" \t\r\n") != std::string::npos) return explain_sql(id, settings), 0;
    if (const auto* rule = policy::find_rule(id)) {
        std::cout << policy::explain_text(*rule);
        return 0;
    }
    std::cerr << "lockkeeper: " << check_rule(id, config::action::allow).value_or("") << "\n";
    return 2;
}

}  // namespace

int run_command(int argc, char** argv) {
    CLI::App app{"Lockkeeper: a PostgreSQL proxy that lets schema changes through without stopping the site"};
    app.require_subcommand(1);
    options o;

    auto* serve_command = app.add_subcommand("serve", "Run the proxy");
    auto* config_command = app.add_subcommand("config", "Look at a configuration");
    auto* check = config_command->add_subcommand("check", "Say whether it can be used");
    auto* print = config_command->add_subcommand("print", "Print every setting in force");
    auto* keys = config_command->add_subcommand("keys", "List the keys: their defaults, what they do, what changes them");
    config_command->require_subcommand(1);
    const auto reads_config = [&](CLI::App* command, const char* what = "YAML file") { command->add_option("--config", o.config, what)->type_name("FILE"); };
    for (auto* command : {serve_command, check, print}) reads_config(command);
    serve_command->add_option("--listen", o.listen, "where clients connect: HOST:PORT (127.0.0.1:6432)");
    serve_command->add_option("--upstream", o.upstream, "the PostgreSQL server: HOST:PORT (PGHOST and PGPORT, else 127.0.0.1:5432)");
    serve_command->add_option("--mode", o.mode, "observe, guard or enforce")->type_name("TEXT:{observe,guard,enforce}");
    check_options checking;
    std::string rules_format = "markdown";
    auto* check_sql = app.add_subcommand("check", "Say what the proxy would say to the SQL of files");
    auto* sql_files = check_sql->add_option("files", checking.files, "files with SQL; - is standard input")->type_name("FILE");
    check_sql->add_option("--django", checking.django, "a Django project, whose migrations that are not applied are checked")->type_name("DIR")->excludes(sql_files);
    check_sql->add_option("--python", checking.python, "what runs its manage.py (python3)");
    check_sql->add_option("--format", checking.format, "text, json, sarif or github")
        ->check(CLI::IsMember({"text", "json", "sarif", "github"}));
    check_sql->add_option("--server-version", checking.server_version, "major version of the server (15)")->check(CLI::Range(13, 99));
    check_sql->add_option("--dsn", checking.dsn, "a server to ask for sizes and definitions, as libpq takes it");
    check_sql->add_flag("--in-transaction", checking.in_transaction, "the files run inside a transaction");
    reads_config(check_sql);
    auto* rules_command = app.add_subcommand("rules", "List the rules");
    rules_command->add_option("--format", rules_format, "markdown, text or json")->check(CLI::IsMember({"text", "markdown", "json"}));
    auto* explain_command = app.add_subcommand("explain", "Tell about one rule, or what a statement does");
    explain_command->add_option("rule", o.rule, "rule id, or SQL")->type_name("RULE")->required();
    reads_config(explain_command);
    ledger_options ledger;
    auto* pending = app.add_subcommand("pending", "List what was put off until a COMMIT and is not finished");
    pending->add_flag("--json", ledger.json, "as one JSON object");
    auto* resume_command = app.add_subcommand("resume", "Finish it");
    resume_command->add_option("--id", ledger.id, "only this entry of the list")->check(CLI::PositiveNumber);
    resume_command->add_flag("--dry-run", ledger.dry_run, "show the statements and run none");
    reads_config(resume_command, "YAML file: timeouts, locks, audit");
    finish_options finishing;
    auto* finish_command = app.add_subcommand("finish", "Drop the views that stand in for renamed tables");
    finish_command->add_option("--dsn", finishing.dsn, "the server, as libpq takes it")->required();
    finish_command->add_flag("--dry-run", finishing.dry_run, "show the statements and run none");
    reads_config(finish_command, "YAML file: timeouts, locks");
    auto* ledger_command = app.add_subcommand("ledger", "The table in which that is written down");
    auto* ledger_create = ledger_command->add_subcommand("create", "Make it: for roles that may not create a schema");
    ledger_command->require_subcommand(1);
    for (auto* command : {pending, resume_command, ledger_create})
        command->add_option("--dsn", ledger.dsn, "the server, as libpq takes it")->required();
    audit_cli audit(app);
    wait_options waiting;
    auto* wait_command = app.add_subcommand("wait", "Wait until a Lockkeeper takes clients, or is gone");
    wait_command->add_option("--for", waiting.what, "ready or stopped (ready)")->check(CLI::IsMember({"ready", "stopped"}));
    wait_command->add_option("--timeout", waiting.timeout, "for how long (1min)");
    reads_config(wait_command, "YAML file: admin");
    for (auto* command : {serve_command, wait_command})
        command->add_option("--admin", o.admin, "its admin address: HOST:PORT (127.0.0.1:9432)");
    auto* metrics_command = app.add_subcommand("metrics", "List the metrics");
    std::string shell, page = "lockkeeper";
    auto* completion = app.add_subcommand("completion", "Print what completes this command line in a shell");
    completion->add_option("shell", shell, "bash or zsh")->required()->check(CLI::IsMember({"bash", "zsh"}));
    auto* manual = app.add_subcommand("manual", "Print a page of the manual, for man -l -");
    manual->add_option("page", page, "lockkeeper or lockkeeper.yaml (lockkeeper)")->check(CLI::IsMember({"lockkeeper", "lockkeeper.yaml"}));
    auto* version = app.add_subcommand("version", "Print the version");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& problem) {
        return app.exit(problem) == 0 ? 0 : 2;
    }
    try {
        if (*version) return std::puts("lockkeeper " LOCKKEEPER_VERSION), 0;
        if (*completion) return std::cout << (shell == "bash" ? bash_completion(words_of(app)) : zsh_completion(words_of(app))), 0;
        if (*manual) return std::cout << (page == "lockkeeper" ? manual_of_program(words_of(app)) : manual_of_file()), 0;
        if (*metrics_command) return std::cout << metrics_markdown(), 0;
        if (*keys) return std::cout << config::keys_markdown(), 0;
        if (audit.wanted()) return audit.run();
        if (*rules_command) return show_rules(rules_format);
        if (*explain_command) return explain(o.rule, settings_of(o));
        if (*check_sql) {
            if (checking.files.empty() && checking.django.empty()) checking.files = {"-"};
            return proxy::check(checking, settings_of(o));
        }
        if (*pending) return show_pending(ledger);
        if (*ledger_create) return create_ledger(ledger);
        const auto settings = settings_of(o);
        if (*wait_command) return proxy::wait(waiting, settings.admin);
        if (*resume_command) return resume(ledger, settings);
        if (*finish_command) return finish(finishing, settings);
        if (*print) return std::cout << config::print(settings), 0;
        if (*check) return 0;
        start_log(settings.log);
        return serve([o] { return settings_of(o); });
    } catch (const config::error& problem) {
        std::cerr << problem.what() << "\n";
    }
    return 2;
}

}  // namespace proxy
