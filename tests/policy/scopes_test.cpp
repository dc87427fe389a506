#include "policy/scopes.hpp"

#include <gtest/gtest.h>

#include "config/load.hpp"
#include "support/judged.hpp"

namespace {

using namespace policy;
using namespace policy_test;
using namespace std::chrono_literals;
using config::action;
using config::mode;

config::settings configured(const std::string& yaml) { return config::load_text(yaml, "c.yaml"); }

session_facts session(std::string user, std::string database = "shop", std::string application = "psql") {
    return {.user = std::move(user), .database = std::move(database), .application_name = std::move(application)};
}

moment at(std::chrono::sys_days day, std::chrono::minutes time, std::chrono::seconds local_east = 0s) {
    return {day.time_since_epoch() + time, local_east};
}

// 2024-01-01 was a Monday.
constexpr auto monday = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);

mode mode_of(const config::settings& s, const session_facts& who) { return settings_for(s, who, {}).mode; }

TEST(scopes, match_the_session) {
    const auto s = configured(R"(
scopes:
  - {match: {user: 'deploy, migrator_*'}, mode: guard}
  - {match: {database: 'test_*', user: postgres}, mode: observe}
  - {match: {application_name: 'django*'}, small_table: 1KiB}
)");
    EXPECT_EQ(mode_of(s, session("app")), mode::enforce);
    EXPECT_EQ(mode_of(s, session("deploy")), mode::guard);
    EXPECT_EQ(mode_of(s, session("migrator_7")), mode::guard);
    EXPECT_EQ(mode_of(s, session("deployer")), mode::enforce);
    EXPECT_EQ(mode_of(s, session("postgres", "test_1")), mode::observe);
    EXPECT_EQ(mode_of(s, session("postgres", "shop")), mode::enforce);
    EXPECT_EQ(mode_of(s, session("other", "test_1")), mode::enforce);
    EXPECT_EQ(settings_for(s, session("app", "shop", "django 4.2"), {}).small_table, 1024u);
    EXPECT_EQ(settings_for(s, session("app"), {}).small_table, s.small_table);
}

TEST(scopes, later_ones_win_key_by_key) {
    const auto s = configured(R"(
rules: {truncate: warn}
scopes:
  - {match: {user: '*'}, mode: observe, timeouts: {lock: 1s, statement: 2s}, rules: {truncate: reject, table-renamed: warn}}
  - {match: {user: 'a*'}, mode: guard, timeouts: {lock: 3s}, rules: {truncate: allow}}
)");
    const auto both = settings_for(s, session("ab"), {});
    EXPECT_EQ(both.mode, mode::guard);
    EXPECT_EQ(both.timeouts.lock, 3s);
    EXPECT_EQ(both.timeouts.statement, 2s);
    EXPECT_EQ(both.rules, (std::map<std::string, action>{{"truncate", action::allow}, {"table-renamed", action::warn}}));
    EXPECT_EQ(settings_for(s, session("b"), {}).rules.at("truncate"), action::reject);
}

TEST(scopes, match_the_servers_version) {
    const auto s = configured("scopes: [{match: {server_version: '>=14'}, mode: guard}, {match: {server_version: '<13'}, mode: observe}]");
    session_facts who;
    for (const auto& [version, expected] : {std::pair(12, mode::observe), {13, mode::enforce}, {14, mode::guard}, {18, mode::guard}}) {
        who.server_version = version;
        EXPECT_EQ(mode_of(s, who), expected) << version;
    }
}

TEST(scopes, match_the_relation_that_the_statement_is_about) {
    const auto s = configured(R"(
scopes:
  - match: {relation: 'public.audit_*, old.*'}
    rules: {table-renamed: allow, index-without-concurrently: allow}
)");
    const auto rename = [&](const table& t) {
        return judged("ALTER TABLE " + t.name + " RENAME TO somewhere", t, session("app"), s).action;
    };
    EXPECT_EQ(rename({.name = "audit_2023"}), action::allow);
    EXPECT_EQ(rename({.name = "orders"}), action::reject);
    EXPECT_EQ(judged("ALTER TABLE old.orders RENAME TO x", session("app"), s).action, action::allow);
    EXPECT_EQ(judged("ALTER TABLE \"old\".\"Orders\" RENAME TO x", session("app"), s).action, action::allow);
    EXPECT_EQ(judged("ALTER TABLE other.audit_1 RENAME TO x", session("app"), s).action, action::reject);
    EXPECT_EQ(judged("CREATE INDEX ON old.orders (a)", session("app"), s).action, action::allow);
}

TEST(scopes, of_several_relations_the_strictest_counts) {
    const auto s = configured("rules: {truncate: reject}\nscopes: [{match: {relation: public.mine}, rules: {truncate: allow}}]");
    EXPECT_EQ(judged("TRUNCATE mine", {}, s).action, action::allow);
    EXPECT_EQ(judged("TRUNCATE mine, yours", {}, s).action, action::reject);
    EXPECT_EQ(judged("TRUNCATE yours, mine", {}, s).action, action::reject);
}

TEST(scopes, a_relation_on_the_way_makes_it_stricter_only) {
    constexpr auto from_mine = "ALTER TABLE mine ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES orders (id)";
    constexpr auto from_orders = "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES mine (id)";
    const auto milder = configured("rules: {foreign-key-validated-at-once: reject}\n"
                                   "scopes: [{match: {relation: public.mine}, rules: {foreign-key-validated-at-once: allow}}]");
    EXPECT_EQ(judged(from_mine, {}, milder).action, action::allow);
    EXPECT_EQ(judged(from_orders, {}, milder).action, action::reject);
    const auto stricter = configured("mode: observe\nscopes: [{match: {relation: public.orders}, mode: enforce}]");
    EXPECT_EQ(judged(from_mine, {}, stricter).conduct.mode, mode::enforce);
    EXPECT_EQ(judged("ALTER TABLE mine ADD a int", {}, stricter).conduct.mode, mode::observe);
}

TEST(scopes, of_several_relations_the_strictest_way_to_wait_for_locks_counts) {
    const auto s = configured("locks: {max_hold: 0}\n"
                              "scopes: [{match: {relation: public.mine}, locks: {max_hold: 3s, serialize: true}}]");
    const auto of = [&](std::string_view sql) { return judged(sql, {}, s).conduct.locks; };
    EXPECT_EQ(of("TRUNCATE yours").max_hold, 0s);
    EXPECT_FALSE(of("TRUNCATE yours").serialize);
    EXPECT_EQ(of("TRUNCATE yours, mine").max_hold, 3s);
    EXPECT_TRUE(of("TRUNCATE yours, mine").serialize);
}

TEST(scopes, match_the_size) {
    const auto s = configured("scopes: [{match: {larger_than: 1GiB, relation: 'public.*'}, timeouts: {lock: 100ms}}]");
    const auto lock = [&](const char* size) {
        return judged("ALTER TABLE orders ADD a int", table{.size = size}, {}, s).conduct.timeouts.lock;
    };
    EXPECT_EQ(lock("1073741824"), 500ms);
    EXPECT_EQ(lock("1073741825"), 100ms);
    EXPECT_EQ(lock(""), 100ms) << "not known: large";
    EXPECT_EQ(judged("CREATE SCHEMA s", {}, s).conduct.timeouts.lock, 500ms);
}

TEST(scopes, a_text_is_carried_out_in_the_strictest_mode_of_its_statements) {
    const auto s = configured("scopes: [{match: {relation: public.mine}, mode: observe}, {match: {relation: public.ours}, mode: guard}]");
    const auto of = [&](std::string_view sql) { return judged(sql, {}, s); };
    EXPECT_EQ(of("ALTER TABLE mine RENAME TO a").conduct.mode, mode::observe);
    EXPECT_EQ(of("ALTER TABLE mine RENAME TO a").action, action::reject) << "the audit log tells what enforce would do";
    EXPECT_EQ(of("SELECT 1; ALTER TABLE mine RENAME TO a").conduct.mode, mode::observe);
    const auto mixed = of("ALTER TABLE mine RENAME TO a; ALTER TABLE ours RENAME TO b; ALTER TABLE orders ADD c int");
    EXPECT_EQ(mixed.conduct.mode, mode::enforce);
    EXPECT_EQ(mixed.action, action::warn);
    EXPECT_EQ(mixed.statements[0].findings.at(0).action, action::allow);
    EXPECT_EQ(mixed.statements[1].findings.at(0).action, action::warn);
    EXPECT_EQ(of("ALTER TABLE mine RENAME TO a; ALTER TABLE orders RENAME TO b").action, action::reject);
}

TEST(scopes, the_strictest_limits_count_where_several_meet) {
    const auto of = [](const std::string& mine, const std::string& yours) {
        const auto s = configured("scopes:\n- {match: {relation: public.mine}, locks: {max_hold: " + mine + "}}\n"
                                  "- {match: {relation: public.yours}, locks: {max_hold: " + yours + "}}");
        return judged("ALTER TABLE mine ADD a int; ALTER TABLE yours ADD a int", session("app"), s).conduct.locks.max_hold;
    };
    EXPECT_EQ(of("20s", "10s"), 10s);
    EXPECT_EQ(of("20s", "30s"), 20s);
    EXPECT_EQ(of("0", "30s"), 30s) << "0 is no limit";
    EXPECT_EQ(of("0", "0"), 0s);
}

TEST(scopes, overrides_can_be_for_some_only) {
    const auto s = configured("overrides: {users: ''}\nscopes: [{match: {user: dba}, overrides: {users: '*'}}]");
    constexpr auto sql = "/* lockkeeper: allow table-renamed reason=\"announced\" */ ALTER TABLE t RENAME TO u";
    EXPECT_EQ(judged(sql, session("dba"), s).action, action::allow);
    EXPECT_EQ(judged(sql, session("app"), s).action, action::reject);
}

TEST(scopes, match_hours) {
    const auto s = configured("scopes: [{match: {days: mon-fri, from: '09:00', to: '17:30'}, mode: observe}]");
    auto who = session("app");
    EXPECT_EQ(mode_of(s, who), mode::enforce) << "nobody has said what time it is";
    const auto mode_at = [&](int day, std::chrono::minutes time) {
        who.now = at(monday + std::chrono::days(day), time);
        return mode_of(s, who);
    };
    EXPECT_EQ(mode_at(0, 8h + 59min), mode::enforce);
    EXPECT_EQ(mode_at(0, 9h), mode::observe);
    EXPECT_EQ(mode_at(4, 17h + 29min), mode::observe);
    EXPECT_EQ(mode_at(4, 17h + 30min), mode::enforce);
    EXPECT_EQ(mode_at(5, 12h), mode::enforce);
    EXPECT_EQ(mode_at(7, 12h), mode::observe);
}

TEST(scopes, hours_over_midnight_belong_to_the_day_on_which_they_begin) {
    const auto m = configured("scopes: [{match: {days: fri, from: '22:00', to: '06:00'}, mode: guard}]").scopes[0].match.hours;
    EXPECT_FALSE(covers(m, at(monday + std::chrono::days(4), 21h + 59min)));
    EXPECT_TRUE(covers(m, at(monday + std::chrono::days(4), 22h)));
    EXPECT_TRUE(covers(m, at(monday + std::chrono::days(5), 5h + 59min)));
    EXPECT_FALSE(covers(m, at(monday + std::chrono::days(5), 6h)));
    EXPECT_FALSE(covers(m, at(monday + std::chrono::days(4), 3h)));
    EXPECT_FALSE(covers(m, at(monday + std::chrono::days(5), 23h)));
}

TEST(scopes, hours_are_read_on_the_clock_that_is_named) {
    const auto hours = [](const std::string& zone) {
        return configured("scopes: [{match: {days: mon, from: '00:00', to: '01:00', zone: " + zone + "}, mode: guard}]").scopes[0].match.hours;
    };
    const auto sunday = monday - std::chrono::days(1);
    EXPECT_TRUE(covers(hours("UTC"), at(monday, 30min)));
    EXPECT_TRUE(covers(hours("'+05:30'"), at(sunday, 19h)));
    EXPECT_FALSE(covers(hours("'+05:30'"), at(monday, 30min)));
    EXPECT_TRUE(covers(hours("'-08:00'"), at(monday, 8h + 30min)));
    EXPECT_TRUE(covers(hours("local"), at(sunday, 22h + 30min, 2h)));
    EXPECT_FALSE(covers(hours("local"), at(sunday, 22h + 30min)));
    // Before 1970, too: the arithmetic is of floors.
    EXPECT_TRUE(covers(hours("UTC"), at(monday - std::chrono::weeks(4000), 30min)));
}

}  // namespace
