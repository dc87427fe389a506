#include "proxy/audit_cli.hpp"

#include <iostream>
#include <stdexcept>

namespace proxy {
namespace {

std::string check_hash(const std::string& text) {
    const bool good = text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
    return good ? "" : "expected 64 hexadecimal digits, not '" + text + "'";
}

}  // namespace

audit_cli::audit_cli(CLI::App& app) : audit_(app.add_subcommand("audit", "Read the audit log")) {
    audit_->require_subcommand(1);
    verify_ = audit_->add_subcommand("verify", "Find what was changed, removed or swapped in it; exit status 1 where something was");
    verify_->add_option("files", verify_options_.files, "the log and the files that were moved away, in any order; - is standard input")->type_name("FILE")->required();
    verify_->add_option("--expect", verify_options_.expect, "hash of a record that must be there: what an earlier run called the last one")->check(check_hash);
    verify_->add_option("--after", verify_options_.after, "hash of the record before the first one, where earlier files are kept elsewhere")->check(check_hash);
    verify_->add_flag("--json", verify_options_.json, "as one JSON object");
    tail_ = audit_->add_subcommand("tail", "Show its last records");
    tail_->add_option("file", tail_options_.file, "the log")->type_name("FILE")->required();
    tail_->add_flag("-f,--follow", tail_options_.follow, "go on with what comes, in the next file too");
    tail_->add_option("-n,--lines", tail_options_.lines, "how many records (20); without effect beside --since");
    tail_->add_flag("--json", tail_options_.json, "the lines as they are");
    add_filter(*tail_, tail_options_.filter);
    stats_ = audit_->add_subcommand("stats", "Count by table, user and rule; the longest lock waits and holds");
    stats_->add_option("files", stats_options_.files, "the log and the files that were moved away; - is standard input")->type_name("FILE")->required();
    stats_->add_flag("--json", stats_options_.json, "as one JSON object");
    add_filter(*stats_, stats_options_.filter);
}

void audit_cli::add_filter(CLI::App& command, audit_filter& filter) {
    command.add_option("--user", filter.user, "only of these users: names divided by commas, * stands for any characters; so the next four");
    command.add_option("--table", filter.table, "only about these tables, with their schema or without");
    command.add_option("--rule", filter.rule, "only where these rules spoke")->type_name("RULE");
    command.add_option("--action", filter.action, "only with these actions: allow, warn, rewrite, reject, 'would *'");
    command.add_option("--outcome", filter.outcome, "only with these outcomes: done, failed, refused ...");
    command.add_option("--since", since_, "only from this time on: 2026-11-22T07:00:00Z, 2026-11-22 (UTC), or 2h ago");
}

int audit_cli::run() {
    try {
        if (!since_.empty())
            tail_options_.filter.since = stats_options_.filter.since = parse_since(since_, std::chrono::system_clock::now());
        if (verify_->parsed()) return verify_audit(verify_options_);
        if (tail_->parsed()) return tail_audit(tail_options_);
        return audit_stats(stats_options_);
    } catch (const std::exception& problem) {
        std::cerr << problem.what() << "\n";
        return 2;
    }
}

}  // namespace proxy
