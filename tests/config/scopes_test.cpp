#include <gtest/gtest.h>

#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/scope_values.hpp"

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

constexpr auto whole = R"(scopes:
  - match:
      user: 'deploy, migrator_*'
      database: 'shop'
      application_name: 'django*'
      relation: 'public.audit_*'
      larger_than: 10GiB
      server_version: '>=14'
      days: mon, tue, fri
      from: '22:00'
      to: '06:00'
      zone: '+05:30'
    mode: guard
    small_table: 1MiB
    unparseable: reject
    transactions: split
    ledger: none
    timeouts.lock: 2s
    timeouts.statement: 0
    timeouts.online_lock: 3s
    timeouts.online_statement: 4s
    timeouts.catalog: 6s
    locks.budget: 10s
    locks.max_hold: 20s
    locks.old_after: 1s
    locks.serialize: true
    locks.max_queue: 9
    locks.terminate_blockers: 1min
    locks.terminate_blockers_user: 'web_*'
    locks.terminate_blockers_application: 'cron'
    overrides.users: 'dba'
    rules:
      table-dropped: {action: reject, transactions: split}
      truncate: allow
  - match:
      user: 'x'
    rules:
      truncate: warn
)";

TEST(scopes, are_printed_as_they_are_read) {
    const auto s = load(whole);
    EXPECT_EQ(config::print(s), [] {
        auto defaults = config::print({});
        return defaults.replace(defaults.find("scopes: []\n"), 11, whole);
    }());
    EXPECT_EQ(config::print(load(config::print(s))), config::print(s));
}

// A key that scopes can change has to be named by the list of this test too.
TEST(scopes, change_every_key_that_is_judged_by) {
    const auto s = load(whole);
    std::size_t scoped = 0;
    for (const auto& k : config::keys()) scoped += k.copy ? 1 : 0;
    EXPECT_EQ(s.scopes.at(0).says.size(), scoped);
    config::settings over;
    apply(s.scopes[0], over);
    for (const auto& k : config::keys()) EXPECT_EQ(k.write(over) != k.write({}), k.copy != nullptr) << k.path;
    EXPECT_EQ(over.rules, s.scopes[0].differs.rules);
    EXPECT_EQ(over.rule_transactions, s.scopes[0].differs.rule_transactions);
}

TEST(scopes, hold_what_a_section_holds) {
    const auto s = load("scopes: [{match: {user: a}, timeouts: {lock: 1s}, rules: {}}]");
    ASSERT_EQ(s.scopes.at(0).says.size(), 1u);
    config::settings over;
    apply(s.scopes[0], over);
    EXPECT_EQ(over.timeouts.lock, 1s);
    EXPECT_EQ(over.timeouts.statement, config::settings{}.timeouts.statement);
}

TEST(scopes, nothing_is_none) {
    for (const auto* text : {"scopes:", "scopes: []"}) EXPECT_TRUE(load(text).scopes.empty()) << text;
}

TEST(scopes, what_is_wrong_is_named_with_its_place) {
    EXPECT_EQ(complaint("scopes: {}"), "c.yaml:1:9: 'scopes' must be a list");
    EXPECT_EQ(complaint("scopes: [a]"), "c.yaml:1:10: a scope is a map with 'match' and what is different");
    EXPECT_EQ(complaint("scopes:\n  - mode: guard"), "c.yaml:2:5: a scope needs 'match': it says where the rest holds");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a}"), "c.yaml:2:5: a scope needs something that is different in it");
    EXPECT_EQ(complaint("scopes:\n  - match: {}\n    mode: guard"),
              "c.yaml:2:12: 'match' names nothing: what holds everywhere stands outside of `scopes`");
    EXPECT_EQ(complaint("scopes:\n  - match: a\n    mode: guard"), "c.yaml:2:12: 'match' must be a map");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: [a]}\n    mode: guard"), "c.yaml:2:19: 'match.user' must be one value");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: }\n    mode: guard"),
              "c.yaml:2:13: 'match.user': expected names, divided by commas, with * for any characters, not ''");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a, user: b}\n    mode: guard"), "c.yaml:2:22: 'match.user' stands here twice");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a}\n    mode: guard\n    mode: guard"), "c.yaml:4:5: 'mode' stands here twice");
    EXPECT_EQ(complaint("scopes:\n  - match: {zone: local, user: a}\n    mode: guard"), "c.yaml:2:12: 'match.zone' needs days, from or to");
    EXPECT_EQ(complaint("scopes:\n  - match: {days: mon-sun, from: '00:00', zone: local}\n    mode: guard"),
              "c.yaml:2:12: 'match' has all hours of the week: leave them out");
    EXPECT_EQ(complaint("scopes:\n  - match: {from: '09:00', to: '09:00'}\n    mode: guard"),
              "c.yaml:2:12: 'match.from' and 'match.to' are the same time");
}

TEST(scopes, unknown_keys_name_the_nearest) {
    EXPECT_EQ(complaint("scope: []"), "c.yaml:1:1: unknown key 'scope'; did you mean 'scopes'?");
    EXPECT_EQ(complaint("scopes:\n  - match: {usr: a}\n    mode: guard"), "c.yaml:2:13: unknown key 'match.usr'; did you mean 'user'?");
    EXPECT_EQ(complaint("scopes:\n  - match: {table: a}\n    mode: guard"), "c.yaml:2:13: unknown key 'match.table'");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a}\n    mod: guard"), "c.yaml:3:5: unknown key 'mod'; did you mean 'mode'?");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a}\n    matsch: guard"), "c.yaml:3:5: unknown key 'matsch'; did you mean 'match'?");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a}\n    timeouts: {lokc: 1s}"),
              "c.yaml:3:16: unknown key 'timeouts.lokc'; did you mean 'lock'?");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a}\n    scopes: []"), "c.yaml:3:5: unknown key 'scopes'");
    EXPECT_EQ(complaint("match: {}"), "c.yaml:1:1: unknown key 'match'");
}

TEST(scopes, some_keys_cannot_differ) {
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a}\n    listen: 1"),
              "c.yaml:3:5: 'listen' cannot differ by scope: it is read before there is a statement");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a}\n    audit: {file: a}"),
              "c.yaml:3:13: 'audit.file' cannot differ by scope: it is read before there is a statement");
}

TEST(scopes, the_policy_has_its_say_about_their_rules) {
    const auto check = [](const std::string& id, config::action) { return std::optional("no rule " + id); };
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a}\n    rules:\n      x: warn", check), "c.yaml:4:7: no rule x");
    EXPECT_EQ(complaint("scopes:\n  - match: {user: a}\n    rules: {x: forbid}"),
              "c.yaml:3:16: 'rules.x': expected one of allow, warn, rewrite, reject, not 'forbid'");
}

template <class Parse>
std::string refusal(Parse parse, const std::string& text) {
    try {
        parse(text);
    } catch (const std::invalid_argument& problem) {
        return problem.what();
    }
    return "none";
}

TEST(scope_values, days) {
    EXPECT_EQ(config::parse_days("mon"), 1);
    EXPECT_EQ(config::parse_days("mon-fri"), 0x1f);
    EXPECT_EQ(config::parse_days("sat-mon"), 0x61);
    EXPECT_EQ(config::parse_days("sun, wed - thu"), 0x4c);
    EXPECT_EQ(config::print_days(0x4c), "wed, thu, sun");
    for (const auto* wrong : {"", "monday", "mon-", "mon,,tue", "Mon", "mon-tue-wed"})
        EXPECT_EQ(refusal(config::parse_days, wrong), std::string("expected days such as mon-fri or sat, sun, not '") + wrong + "'");
}

TEST(scope_values, times_of_day) {
    EXPECT_EQ(config::parse_time_of_day("00:00"), 0min);
    EXPECT_EQ(config::parse_time_of_day("9:05"), 9h + 5min);
    EXPECT_EQ(config::parse_time_of_day("24:00"), 24h);
    EXPECT_EQ(config::print_time_of_day(9h + 5min), "'09:05'");
    for (const auto* wrong : {"", "9", "24:01", "09:60", "09:5", "-1:00", "09:00:00", "009:00", ":30", "a:bc"})
        EXPECT_NE(refusal(config::parse_time_of_day, wrong), "none") << wrong;
}

TEST(scope_values, zones) {
    EXPECT_EQ(config::parse_zone("UTC"), config::clock_zone{});
    EXPECT_EQ(config::parse_zone("local"), (config::clock_zone{.local = true}));
    EXPECT_EQ(config::parse_zone("-08:00").east_of_utc, -8h);
    EXPECT_EQ(config::print_zone(config::parse_zone("-03:30")), "'-03:30'");
    EXPECT_EQ(config::print_zone(config::parse_zone("+00:00")), "UTC");
    for (const auto* wrong : {"", "Europe/Berlin", "utc", "8", "+8", "+15:00", "+08:0"})
        EXPECT_EQ(refusal(config::parse_zone, wrong),
                  std::string("expected UTC, local, or a distance from UTC such as +05:30, not '") + wrong + "'");
}

TEST(scope_values, versions) {
    for (const auto* same : {"'>=14'", "'<=14'", "'>14'", "'<14'", "'14'"}) {
        const std::string text(same);
        EXPECT_EQ(config::print_versions(config::parse_versions(text.substr(1, text.size() - 2))), text);
    }
    EXPECT_EQ(config::print_versions(config::parse_versions(" = 15 ")), "'15'");
    for (const auto* wrong : {"", ">=", "14.2", "=>14", "9", "100", ">= x", "-14"})
        EXPECT_NE(refusal(config::parse_versions, wrong), "none") << wrong;
}

}  // namespace
