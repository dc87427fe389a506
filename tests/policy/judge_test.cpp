#include "policy/judge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/judged.hpp"

namespace {

using namespace policy;
using namespace policy_test;
using config::action;
using testing::HasSubstr;

constexpr auto index_sql = "CREATE INDEX orders_status ON orders (status)";

TEST(judge, an_index_is_built_concurrently) {
    const auto d = judged(index_sql, table{});
    EXPECT_EQ(d.action, action::rewrite);
    ASSERT_TRUE(d.replacement);
    ASSERT_EQ(d.replacement->steps.size(), 1u);
    const auto& build = d.replacement->steps[0];
    EXPECT_EQ(build.sql, "CREATE INDEX CONCURRENTLY orders_status ON orders (status)");
    EXPECT_EQ(build.timeouts, timeout_class::online);
    EXPECT_EQ(build.place, step_place::own);
    EXPECT_EQ(build.undo, R"(DROP INDEX CONCURRENTLY IF EXISTS "public"."orders_status")");
    EXPECT_THAT(build.undo_if, HasSubstr("NOT i.indisvalid"));
    EXPECT_EQ(d.replacement->tag, "CREATE INDEX");
}

// The keyword is put in by its place, so that nothing else of the text can change.
TEST(judge, every_option_of_the_index_survives) {
    const std::string rest =
        " ON public.orders USING gin (lower(note) gin_trgm_ops, \"CREATE INDEX\") WITH (fastupdate = off) WHERE note <> 'INDEX'; -- INDEX";
    const auto d = judged("/* CREATE INDEX */ CREATE\n-- INDEX\nUNIQUE INDEX IF NOT EXISTS \"index\"" + rest);
    ASSERT_TRUE(d.replacement);
    EXPECT_EQ(d.replacement->steps.at(0).sql,
              "/* CREATE INDEX */ CREATE\n-- INDEX\nUNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"index\"" + rest);
}

TEST(judge, an_index_without_a_name_gets_the_one_that_postgresql_would_give) {
    const auto d = judged("CREATE INDEX ON orders (status)", table{});
    ASSERT_TRUE(d.replacement);
    EXPECT_EQ(d.replacement->steps.at(0).sql, "CREATE INDEX CONCURRENTLY \"orders_status_idx\" ON orders (status)");
}

TEST(judge, in_a_transaction_an_index_is_refused_with_the_hint) {
    config::settings settings;
    settings.transactions = config::transactions::reject;
    const auto d = judged(index_sql, table{}, in_transaction(), settings);
    EXPECT_EQ(d.action, action::reject);
    EXPECT_FALSE(d.replacement);
    const auto* f = leading_finding(d);
    ASSERT_NE(f, nullptr);
    EXPECT_EQ(f->sqlstate, "LK001");
    EXPECT_THAT(f->hint, HasSubstr("atomic = False"));
    EXPECT_THAT(f->hint, HasSubstr("lockkeeper explain index-without-concurrently"));
    EXPECT_THAT(f->detail, HasSubstr("SHARE lock on public.orders (954 MB)"));
}

TEST(judge, in_a_transaction_an_index_is_put_off_by_default) {
    const auto d = judged(index_sql, table{}, in_transaction());
    EXPECT_EQ(d.action, action::rewrite);
    ASSERT_TRUE(d.replacement);
    EXPECT_TRUE(d.replacement->deferrable);
    EXPECT_EQ(d.conduct.ledger, config::ledger::table);
}

TEST(judge, a_rule_can_have_transactions_of_its_own) {
    config::settings settings;
    settings.transactions = config::transactions::reject;
    settings.rule_transactions["index-without-concurrently"] = config::transactions::split;
    const auto index = judged(index_sql, table{}, in_transaction(), settings);
    EXPECT_EQ(index.action, action::rewrite);
    EXPECT_EQ(index.way, config::transactions::split);
    const auto key = judged("ALTER TABLE orders ADD UNIQUE (status)", table{}, in_transaction(), settings);
    EXPECT_EQ(key.action, action::reject);
    settings.rule_transactions["index-without-concurrently"] = config::transactions::reject;
    settings.transactions = config::transactions::defer;
    EXPECT_EQ(judged(index_sql, table{}, in_transaction(), settings).action, action::reject);
}

TEST(judge, among_other_statements_an_index_is_refused) {
    EXPECT_EQ(judged("SELECT 1; CREATE INDEX i ON orders (status)", table{}).action, action::reject);
}

TEST(judge, tables_that_nobody_else_can_see_or_that_are_small_are_left_alone) {
    EXPECT_EQ(judged(index_sql, table{.created_here = true}).action, action::allow);
    EXPECT_EQ(judged(index_sql, table{.persistence = "t"}).action, action::allow);
    EXPECT_EQ(judged(index_sql, table{.exists = false}).action, action::allow);
    EXPECT_EQ(judged(index_sql, table{.size = "8192"}).action, action::allow);
    EXPECT_EQ(judged(index_sql, table{.size = ""}).action, action::rewrite);  // unknown counts as large
    EXPECT_EQ(judged(index_sql, table{.kind = "p"}).action, action::rewrite);
}

TEST(judge, a_small_table_still_gets_its_timeouts) {
    EXPECT_EQ(judged(index_sql, table{.size = "8192"}).timeouts, timeout_class::blocking);
    EXPECT_EQ(judged(index_sql, table{.created_here = true}).timeouts, timeout_class::none);
    EXPECT_EQ(judged(index_sql, table{.persistence = "t"}).timeouts, timeout_class::none);
    EXPECT_EQ(judged(index_sql, table{.exists = false}).timeouts, timeout_class::none);
}

TEST(judge, small_table_is_a_setting) {
    config::settings settings;
    settings.small_table = 0;
    EXPECT_EQ(judged(index_sql, table{.size = "0"}, {}, settings).action, action::rewrite);
}

TEST(judge, renames_are_refused_whatever_the_size) {
    for (const char* size : {"0", "1000000000"}) {
        EXPECT_EQ(rule_of(judged("ALTER TABLE orders RENAME TO purchases", table{.size = size})), "table-renamed");
        EXPECT_EQ(rule_of(judged("ALTER TABLE orders RENAME COLUMN a TO b", table{.size = size})), "column-renamed");
    }
    EXPECT_EQ(judged("ALTER TABLE orders RENAME TO purchases", table{.created_here = true}).action, action::allow);
    EXPECT_EQ(judged("ALTER TABLE orders RENAME TO purchases", table{.kind = "i"}).action, action::allow);
    EXPECT_EQ(judged("ALTER INDEX orders RENAME TO purchases").action, action::allow);
    EXPECT_EQ(judged("ALTER TABLE orders RENAME CONSTRAINT a TO b").action, action::allow);
}

TEST(judge, a_rule_can_be_given_another_action) {
    config::settings settings;
    settings.rules["table-renamed"] = action::warn;
    settings.rules["column-renamed"] = action::allow;
    settings.rules["index-without-concurrently"] = action::reject;
    const auto warned = judged("ALTER TABLE orders RENAME TO purchases", {}, settings);
    EXPECT_EQ(warned.action, action::warn);
    ASSERT_NE(leading_finding(warned), nullptr);
    EXPECT_TRUE(judged("ALTER TABLE orders RENAME a TO b", {}, settings).statements.at(0).findings.empty());
    const auto rejected = judged(index_sql, {}, settings);
    EXPECT_EQ(rejected.action, action::reject);
    EXPECT_FALSE(rejected.replacement);
}

TEST(judge, in_a_text_the_strongest_action_and_class_win) {
    const auto d = judged("VACUUM a; ALTER TABLE orders RENAME TO x; ALTER TABLE t FORCE ROW LEVEL SECURITY");
    EXPECT_EQ(d.action, action::reject);
    EXPECT_EQ(d.timeouts, timeout_class::blocking);
    ASSERT_EQ(d.statements.size(), 3u);
    EXPECT_EQ(d.statements[0].timeouts, timeout_class::online);
    EXPECT_EQ(leading_finding(d)->rule, "table-renamed");
}

TEST(judge, a_table_made_earlier_in_the_text_is_ours) {
    EXPECT_EQ(judged("CREATE TABLE t (a int); CREATE INDEX ON t (a); ALTER TABLE t RENAME a TO b").action, action::allow);
    EXPECT_EQ(judged("SELECT 1 AS a INTO t; CREATE INDEX ON t (a)").action, action::allow);
    EXPECT_EQ(judged("CREATE TABLE s.t (a int); CREATE INDEX ON t (a)").action, action::reject);
    EXPECT_EQ(judged("BEGIN; CREATE TABLE t (a int); ROLLBACK; CREATE INDEX ON t (a)").action, action::reject);
    EXPECT_EQ(judged("CREATE TABLE orders (a int); COMMIT; CREATE INDEX ON orders (a)").action, action::reject);
}

TEST(judge, if_not_exists_makes_nothing_where_the_table_is_there) {
    constexpr auto sql = "CREATE TABLE IF NOT EXISTS orders (a int); CREATE INDEX ON orders (a)";
    EXPECT_EQ(judged(sql, table{}).action, action::reject);
    EXPECT_EQ(judged(sql, table{.exists = false}).action, action::allow);
}

TEST(judge, after_a_rename_in_the_text_names_are_not_trusted) {
    config::settings settings;
    settings.rules["table-renamed"] = action::allow;
    const table missing{.name = "fresh", .exists = false};
    EXPECT_EQ(judged("CREATE INDEX ON fresh (a)", missing, {}, settings).action, action::allow);
    EXPECT_EQ(judged("ALTER TABLE orders RENAME TO fresh; CREATE INDEX ON fresh (a)", missing, {}, settings).action, action::reject);
    EXPECT_EQ(judged("SET search_path = other; CREATE INDEX ON fresh (a)", missing, {}, settings).action, action::reject);
    EXPECT_EQ(judged("SELECT set_config('search_path', 'x', true); CREATE INDEX ON fresh (a)", missing, {}, settings).action,
              action::reject);
}

TEST(judge, tells_what_changes_the_schema_for_others) {
    for (const auto* sql : {"CREATE TABLE u (id int)", "CREATE INDEX CONCURRENTLY ON orders (a)", "ALTER TABLE orders ADD c int",
                            "DROP VIEW v", "GRANT SELECT ON orders TO PUBLIC", "TRUNCATE orders", "LOCK TABLE orders", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                            "SELECT 1; ALTER TABLE orders RENAME TO o", "DO $$ BEGIN CREATE TABLE u (id int); END $$", "ALTER TABLE orders VALIDATE CONSTRAINT c"})
        EXPECT_TRUE(judged(sql).changes_schema) << sql;
    for (const auto* sql : {"SELECT 1", "UPDATE orders SET a = 1", "VACUUM orders", "ANALYZE orders", "REINDEX INDEX CONCURRENTLY i", "CREATE TEMP TABLE u (id int)",
                            "SET search_path TO a", "BEGIN"})
        EXPECT_FALSE(judged(sql).changes_schema) << sql;
    EXPECT_FALSE(judged("ALTER TABLE orders ADD c int", table{.persistence = "t"}).changes_schema);
}

TEST(judge, timeouts_set_in_the_text_are_noticed) {
    EXPECT_TRUE(judged("SET lock_timeout = '100ms'; ALTER TABLE t ADD c int").sets_timeouts);
    EXPECT_TRUE(judged("SELECT set_config('statement_timeout', '1s', false); ALTER TABLE t ADD c int").sets_timeouts);
    EXPECT_FALSE(judged("SET work_mem = '1GB'; ALTER TABLE t ADD c int").sets_timeouts);
}

TEST(judge, a_looser_timeout_before_a_blocking_statement_is_refused) {
    for (const char* loose : {"SET lock_timeout = 0", "SET LOCAL lock_timeout = '1min'", "RESET lock_timeout", "SET statement_timeout = 0",
                              "SELECT set_config('lock_timeout', '0', true)", "SET lock_timeout = '100ms'; SET lock_timeout = '2s'"})
        EXPECT_EQ(rule_of(judged(std::string(loose) + "; ALTER TABLE t ADD c int")), "timeout-loosened-in-text") << loose;
    for (const char* strict : {"SET lock_timeout = 500", "SET lock_timeout = '0.2s'", "SET statement_timeout = '5000 ms'",
                               "SET lock_timeout = 0; SET lock_timeout = '50ms'"})
        EXPECT_EQ(judged(std::string(strict) + "; ALTER TABLE t ADD c int").action, action::allow) << strict;
    EXPECT_EQ(judged("SET lock_timeout = 0; CREATE TABLE t (a int)").action, action::allow);
    EXPECT_EQ(judged("ALTER TABLE t ADD c int; SET lock_timeout = 0").action, action::allow);
}

TEST(judge, what_cannot_be_understood_has_a_configured_answer) {
    for (const char* sql : {"ALTER TABLE t FROBNICATE", "DO $$ BEGIN EXECUTE x; END $$"}) {
        const auto guarded = judged(sql);
        EXPECT_EQ(guarded.action, action::warn) << sql;
        EXPECT_EQ(guarded.timeouts, timeout_class::blocking) << sql;
        EXPECT_EQ(leading_finding(guarded)->sqlstate, "LK004") << sql;
        config::settings strict;
        strict.unparseable = config::unparseable::reject;
        EXPECT_EQ(judged(sql, {}, strict).action, action::reject) << sql;
    }
}

// With standard_conforming_strings off this is one SELECT, with on it drops a table: the answer must be safe for both.
TEST(judge, a_text_that_can_be_read_in_two_ways_is_judged_in_both) {
    const auto d = judge(read_script(R"(SELECT '\'; ALTER TABLE orders RENAME TO x; --')", {false}), {}, {}, {});
    EXPECT_EQ(d.action, action::reject);
    const auto index = judge(read_script(R"(SELECT '\'; CREATE INDEX i ON orders (a); --')", {false}), {}, {}, {});
    EXPECT_EQ(index.action, action::reject);
    EXPECT_FALSE(index.replacement);
}

TEST(judge, asks_only_where_the_answer_matters) {
    const session_facts session;
    EXPECT_TRUE(read_script("SELECT 1", {}).catalog_queries(session).empty());
    EXPECT_TRUE(read_script("GRANT SELECT ON t TO u", {}).catalog_queries(session).empty());
    // In a REPEATABLE READ transaction LOCK TABLE comes before the snapshot; a query of ours would take it.
    EXPECT_TRUE(read_script("LOCK TABLE t", {}).catalog_queries(session).empty());
    EXPECT_FALSE(read_script("ALTER TABLE t ADD c int", {}).catalog_queries(session).empty());
    const auto about_index = read_script("CREATE INDEX i ON \"T\" (a)", {}).catalog_queries(session);
    ASSERT_GE(about_index.size(), 2u);
    EXPECT_EQ(about_index.front().parameters, (std::vector<std::optional<std::string>>{R"({""})", R"({"T"})", "f"}));
    EXPECT_EQ(about_index.back().parameters, (std::vector<std::optional<std::string>>{R"({""})", R"({"T"})", R"({"i"})"}));
}

TEST(judge, a_statement_decision_says_where_it_is_and_what_it_does) {
    const auto d = judged(" SELECT 1; ALTER TABLE orders ADD COLUMN c int", table{});
    ASSERT_EQ(d.statements.size(), 2u);
    EXPECT_EQ(d.statements[1].offset, 11u);
    EXPECT_EQ(d.statements[1].kind, "ALTER TABLE");
    ASSERT_EQ(d.statements[1].relations.size(), 1u);
    EXPECT_EQ(d.statements[1].relations[0].relation, "public.orders");
    EXPECT_EQ(d.statements[1].relations[0].lock, lock_mode::access_exclusive);
    EXPECT_EQ(d.statements[1].relations[0].size, 1000000000u);
    EXPECT_EQ(d.action, action::allow);
    EXPECT_EQ(leading_finding(d), nullptr);
}

}  // namespace
