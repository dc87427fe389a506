#include "config/load.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace {

using namespace std::chrono_literals;

config::settings load(const std::string& text) { return config::load_text(text, "c.yaml"); }

std::string complaint(const std::string& text, const config::rule_check& check = {}) {
    try {
        config::load_text(text, "c.yaml", check);
    } catch (const config::error& problem) {
        return problem.what();
    }
    return "none";
}

// A file of its own that is removed at the end of the test.
struct scratch {
    std::filesystem::path directory;
    scratch() {
        auto name = (std::filesystem::temp_directory_path() / "config-test-XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
        directory = name;
    }
    ~scratch() { std::filesystem::remove_all(directory); }
    std::string file(const std::string& text) const {
        const auto path = directory / "c.yaml";
        std::ofstream(path) << text;
        return path.string();
    }
};

std::string file_complaint(const std::string& path) {
    try {
        config::load_file(path);
    } catch (const config::error& problem) {
        return problem.what();
    }
    return "none";
}

TEST(load, a_key_that_is_left_out_keeps_its_default) {
    const auto s = load("timeouts: {lock: 1s}\n");
    EXPECT_EQ(s.timeouts.lock, 1s);
    EXPECT_EQ(s.timeouts.statement, config::settings{}.timeouts.statement);
    EXPECT_EQ(s.mode, config::mode::enforce);
}

TEST(load, a_key_that_is_left_out_keeps_what_it_starts_from) {
    config::settings start;
    start.upstream.host = "from.elsewhere";
    start.upstream.port = 1;
    const auto s = config::load_text("upstream: {port: 2}", "c.yaml", {}, start);
    EXPECT_EQ(s.upstream.host, "from.elsewhere");
    EXPECT_EQ(s.upstream.port, 2);
}

TEST(load, nothing_is_a_configuration) {
    for (const auto* text : {"", "\n", "# nothing\n", "---\n", "---\n...\n", "{}", "timeouts:\n", "rules:\n", "rules: {}\n"})
        EXPECT_EQ(config::print(load(text)), config::print({})) << text;
}

TEST(load, blocks_flow_and_json_are_the_same) {
    for (const auto* text : {"limits:\n  clients: 7\nmode: guard\n", "{limits: {clients: 7}, mode: guard}",
                             "{\"limits\": {\"clients\": 7}, \"mode\": \"guard\"}", "limits:\r\n  clients: 7\r\nmode: guard\r\n"}) {
        EXPECT_EQ(load(text).limits.clients, 7u) << text;
        EXPECT_EQ(load(text).mode, config::mode::guard) << text;
    }
}

TEST(load, anchors_stand_for_what_they_name) {
    const auto s = load("timeouts:\n  lock: &short 250ms\n  online_lock: *short\n");
    EXPECT_EQ(s.timeouts.online_lock, 250ms);
    EXPECT_EQ(complaint("timeouts: &all\n  lock: *all\n"), "c.yaml:1:11: 'timeouts.lock' must be one value");
    EXPECT_EQ(complaint("mode: *nowhere"), "c.yaml:1:7: the referenced anchor is not defined");
}

TEST(load, rules_are_a_map_of_ids_to_actions) {
    const auto s = load("rules:\n  a-rule: warn\n  another: reject\n");
    EXPECT_EQ(s.rules.at("a-rule"), config::action::warn);
    EXPECT_EQ(s.rules.at("another"), config::action::reject);
    EXPECT_EQ(complaint("rules: [a]"), "c.yaml:1:8: 'rules' must be a map of rule ids to actions");
    EXPECT_EQ(complaint("rules: warn"), "c.yaml:1:8: 'rules' must be a map of rule ids to actions");
    EXPECT_EQ(complaint("rules:\n  a: [warn]"), "c.yaml:2:6: 'rules.a' must be one value");
    EXPECT_EQ(complaint("rules:\n  a: warn\n  a: allow"), "c.yaml:3:3: 'rules.a' stands here twice");
    EXPECT_EQ(complaint("rules:\n  [a]: warn"), "c.yaml:2:3: a key must be a word");
}

TEST(load, a_rule_can_have_transactions_of_its_own) {
    const auto s = load("rules:\n  a: {action: rewrite, transactions: split}\n  b: {transactions: reject}\n  c: {action: warn}\n");
    EXPECT_EQ(s.rules, (std::map<std::string, config::action>{{"a", config::action::rewrite}, {"c", config::action::warn}}));
    EXPECT_EQ(s.rule_transactions,
              (std::map<std::string, config::transactions>{{"a", config::transactions::split}, {"b", config::transactions::reject}}));
    EXPECT_EQ(complaint("rules:\n  a: {}"), "c.yaml:2:6: 'rules.a' says nothing");
    EXPECT_EQ(complaint("rules:\n  a: {actoin: warn}"), "c.yaml:2:7: unknown key 'rules.a.actoin'; did you mean 'action'?");
    EXPECT_EQ(complaint("rules:\n  a: {action: [warn]}"), "c.yaml:2:15: 'rules.a.action' must be one value");
    EXPECT_EQ(complaint("rules:\n  a: {transactions: later}"),
              "c.yaml:2:21: 'rules.a.transactions': expected one of reject, defer, split, not 'later'");
    EXPECT_EQ(complaint("rules:\n  a: {action: warn, action: warn}"), "c.yaml:2:21: 'rules.a.action' stands here twice");
}

TEST(load, only_rules_that_rewrite_have_transactions) {
    const config::rule_check check = [](const std::string&, config::action action) -> std::optional<std::string> {
        return action == config::action::rewrite ? std::optional<std::string>("it cannot rewrite") : std::nullopt;
    };
    EXPECT_EQ(complaint("rules:\n  a: {action: warn}", check), "none");
    EXPECT_EQ(complaint("rules:\n  a: {transactions: split}", check), "c.yaml:2:3: it cannot rewrite");
}

TEST(load, the_policy_has_its_say_about_rules) {
    const auto check = [](const std::string& id, config::action what) -> std::optional<std::string> {
        if (id == "known" && what == config::action::warn) return std::nullopt;
        return "'" + id + "' cannot be so";
    };
    EXPECT_EQ(complaint("rules:\n  known: warn", check), "none");
    EXPECT_EQ(complaint("rules:\n  known: reject", check), "c.yaml:2:3: 'known' cannot be so");
    EXPECT_EQ(complaint("rules:\n  known: warn\n  other: warn", check), "c.yaml:3:3: 'other' cannot be so");
}

TEST(load, unknown_keys_name_the_nearest) {
    EXPECT_EQ(complaint("mdoe: guard"), "c.yaml:1:1: unknown key 'mdoe'; did you mean 'mode'?");
    EXPECT_EQ(complaint("# first\n\ntimeuots: {lock: 1s}"), "c.yaml:3:1: unknown key 'timeuots'; did you mean 'timeouts'?");
    EXPECT_EQ(complaint("timeouts:\n  lokc: 1s"), "c.yaml:2:3: unknown key 'timeouts.lokc'; did you mean 'lock'?");
    EXPECT_EQ(complaint("rule: {}"), "c.yaml:1:1: unknown key 'rule'; did you mean 'rules'?");
    EXPECT_EQ(complaint("timeouts: {statement.x: 1s}"), "c.yaml:1:12: unknown key 'timeouts.statement.x'; did you mean 'statement'?");
    EXPECT_EQ(complaint("something_else: 1"), "c.yaml:1:1: unknown key 'something_else'");
    EXPECT_EQ(complaint("timeouts.lock: 1s"), "none") << "a path is its key, in short";
    EXPECT_EQ(complaint("<<: {mode: guard}"), "c.yaml:1:1: unknown key '<<'");
}

TEST(load, a_key_stands_once) {
    EXPECT_EQ(complaint("mode: guard\nmode: guard"), "c.yaml:2:1: 'mode' stands here twice");
    EXPECT_EQ(complaint("audit: {}\naudit: {}"), "c.yaml:2:1: 'audit' stands here twice");
    EXPECT_EQ(complaint("audit: {file: a, stdout: true, file: b}"), "c.yaml:1:32: 'audit.file' stands here twice");
    EXPECT_EQ(complaint("rules: {}\nrules: {}"), "c.yaml:2:1: 'rules' stands here twice");
}

TEST(load, wrong_types) {
    EXPECT_EQ(complaint("- a"), "c.yaml:1:1: a configuration is a map of keys");
    EXPECT_EQ(complaint("guard"), "c.yaml:1:1: a configuration is a map of keys");
    EXPECT_EQ(complaint("limits: 5"), "c.yaml:1:9: 'limits' must be a map");
    EXPECT_EQ(complaint("limits: [clients]"), "c.yaml:1:9: 'limits' must be a map");
    EXPECT_EQ(complaint("mode: {a: b}"), "c.yaml:1:7: 'mode' must be one value");
    EXPECT_EQ(complaint("mode: [guard]"), "c.yaml:1:7: 'mode' must be one value");
    EXPECT_EQ(complaint("[mode]: guard"), "c.yaml:1:1: a key must be a word");
    EXPECT_EQ(complaint("mode: guard\n---\nmode: guard\n"), "c.yaml:3:1: a configuration is one document");
}

TEST(load, wrong_values) {
    EXPECT_EQ(complaint("mode: gaurd"), "c.yaml:1:7: 'mode': expected one of observe, guard, enforce, not 'gaurd'");
    EXPECT_EQ(complaint("mode: 1"), "c.yaml:1:7: 'mode': expected one of observe, guard, enforce, not '1'");
    EXPECT_EQ(complaint("timeouts:\n  lock: 5"), "c.yaml:2:9: 'timeouts.lock': expected a time such as 0, 500ms, 5s, 2min or 1h, not '5'");
    EXPECT_EQ(complaint("audit: {stdout: yes}"), "c.yaml:1:17: 'audit.stdout': expected true or false, not 'yes'");
    EXPECT_EQ(complaint("log: {level: loud}"), "c.yaml:1:14: 'log.level': expected one of trace, debug, info, warn, error, off, not 'loud'");
    EXPECT_EQ(complaint("upstream: {host: ''}"), "c.yaml:1:18: 'upstream.host': expected a host name, an address or a directory, not ''");
    EXPECT_EQ(complaint("audit: {file: \"a\\nb\"}"),
              "c.yaml:1:15: 'audit.file': expected a text without line breaks and control characters");
    EXPECT_NE(complaint("mode:"), "none");
    EXPECT_NE(complaint("upstream: {host: }"), "none");
}

TEST(load, out_of_range) {
    EXPECT_EQ(complaint("upstream: {port: 0}"), "c.yaml:1:18: 'upstream.port': expected a number from 1 to 65535, not '0'");
    EXPECT_EQ(complaint("upstream: {port: 65536}"), "c.yaml:1:18: 'upstream.port': expected a number from 1 to 65535, not '65536'");
    EXPECT_EQ(complaint("workers: 65"), "c.yaml:1:10: 'workers': expected a number from 0 to 64, not '65'");
    EXPECT_EQ(complaint("limits: {clients: 0}"), "c.yaml:1:19: 'limits.clients': expected a number from 1 to 1000000, not '0'");
    EXPECT_EQ(complaint("limits: {statement: 10}"), "c.yaml:1:21: 'limits.statement': expected 1KiB to 1GiB, not '10'");
    EXPECT_EQ(complaint("limits: {startup: 0}"), "c.yaml:1:19: 'limits.startup': expected 1ms to 596h, not '0'");
    EXPECT_EQ(complaint("timeouts: {lock: 1000h}"), "c.yaml:1:18: 'timeouts.lock': expected 0 to 596h, not '1000h'");
}

TEST(load, what_is_no_yaml_is_named_with_its_place) {
    for (const auto* text : {"mode: [", "a: b: c", "\tmode: guard", "'", "mode: guard\n  x: y", "{", "&", "mode: \"\\q\""})
        EXPECT_EQ(complaint(text).substr(0, 7), "c.yaml:") << text;
}

TEST(load_file, reads_a_file) {
    const scratch s;
    EXPECT_EQ(config::load_file(s.file("mode: observe\n")).mode, config::mode::observe);
    EXPECT_EQ(config::print(config::load_file(s.file(""))), config::print({}));
}

TEST(load_file, names_the_file_in_errors) {
    const scratch s;
    const auto path = s.file("mode: guard\nmdoe: guard\n");
    EXPECT_EQ(file_complaint(path), path + ":2:1: unknown key 'mdoe'; did you mean 'mode'?");
}

TEST(load_file, what_cannot_be_read_is_no_empty_file) {
    const scratch s;
    const auto here = s.directory.string();
    EXPECT_EQ(file_complaint(here), here + ": cannot be read: Is a directory");
    EXPECT_EQ(file_complaint(here + "/missing"), here + "/missing: cannot be read: No such file or directory");
}

}  // namespace
