#include <gtest/gtest.h>

#include <algorithm>

#include "facts.hpp"

// The facts for CREATE INDEX, and its plan, on a live server.
namespace {

using live::catalog_facts_test;

struct index_name_test : catalog_facts_test {
    // The name that PostgreSQL itself makes up must be the first candidate that is free.
    void same_as_postgresql(const std::string& table, const std::string& rest) {
        const auto sql = "CREATE INDEX ON " + table + " " + rest;
        const auto script = policy::read_script(sql, {});
        const auto taken = ask(sql).taken;
        const auto before = client.value("SELECT coalesce(max(oid), 0) FROM pg_class WHERE relkind = 'i'");
        client.run(sql);
        const auto made = client.value("SELECT relname FROM pg_class WHERE relkind = 'i' AND oid > " + before + " ORDER BY oid DESC");
        const auto now = ask(sql).taken;
        ASSERT_EQ(now.size(), taken.size() + 1) << sql;
        const auto fresh = std::find_if(now.begin(), now.end(), [&](const auto& t) { return t.name == made; });
        EXPECT_NE(fresh, now.end()) << made;
    }
};

TEST_F(index_name_test, made_up_names_are_those_of_postgresql) {
    const std::string long_table(60, 't'), long_column(50, 'c');
    client.run("CREATE TABLE t (a int, b text, c text[], d jsonb); CREATE TABLE " + long_table + " (" + long_column + " int, e int);"
               "CREATE TABLE \"t\xc3\xa4\xc3\xb6\xc3\xbc" + std::string(50, 'x') + "\" (\"\xc3\xa4" + std::string(58, '\'') + "\" int)");
    for (const char* rest : {"(a)", "(a)", "(a, b)", "(lower(b))", "(lower(b), upper(b))", "((a + 1))", "((a + 1), (a - 1))", "(a, a, a)",
                             "((a::text))", "((d->>'x'))", "(a) INCLUDE (b)", "((CASE WHEN a > 0 THEN 1 END))", "(coalesce(a, 1))",
                             "((nullif(a, 1)))", "(greatest(a, 2))", "((b COLLATE \"C\"))", "((c[1]))", "((a IS NULL))",
                             "(md5(b), a DESC)", "((a::numeric(10,2)))", "((row(a, b) IS NULL))", "((ARRAY[a]))", "((current_schema = b))"})
        try {
            same_as_postgresql("t", rest);
        } catch (const std::runtime_error& e) {
            EXPECT_NE(std::string(e.what()).find("IMMUTABLE"), std::string::npos) << rest << ": " << e.what();
        }
    same_as_postgresql(long_table, "(" + long_column + ", e)");
    same_as_postgresql(long_table, "(e)");
    same_as_postgresql("\"t\xc3\xa4\xc3\xb6\xc3\xbc" + std::string(50, 'x') + "\"", "(\"\xc3\xa4" + std::string(58, '\'') + "\")");
}

struct leftover_test : catalog_facts_test {
    void SetUp() override {
        client.run("CREATE TABLE t (a int, b varchar(20)); INSERT INTO t VALUES (1, 'x'), (1, 'x')");
    }

    policy::decision judged(std::string_view sql) {
        const auto script = policy::read_script(sql, {});
        std::vector<policy::catalog_rows> answers;
        for (const auto& query : script.catalog_queries(client.facts())) answers.push_back(client.rows(query));
        config::settings settings;
        settings.small_table = 0;
        return policy::judge(script, client.facts(), answers, settings);
    }
};

TEST_F(leftover_test, an_invalid_index_of_the_same_definition_is_dropped_first) {
    const std::string sql = "CREATE UNIQUE INDEX i ON t (a DESC, lower(b)) WHERE a > 0 AND b <> 'y'";
    EXPECT_EQ(client.failure("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a DESC, lower(b)) WHERE a > 0 AND b <> 'y'"), "23505");
    const auto d = judged(sql);
    EXPECT_EQ(d.action, config::action::rewrite);
    ASSERT_TRUE(d.replacement);
    ASSERT_EQ(d.replacement->steps.size(), 2u);
    const auto& drop = d.replacement->steps[0];
    EXPECT_EQ(drop.sql, R"(DROP INDEX CONCURRENTLY IF EXISTS "public"."i")");
    EXPECT_EQ(client.value(drop.unless), "f");
    client.run(drop.sql);
    EXPECT_EQ(client.value(drop.unless), "t");
}

TEST_F(leftover_test, an_invalid_index_of_another_definition_is_nobody_elses_business) {
    EXPECT_EQ(client.failure("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)"), "23505");
    const auto d = judged("CREATE UNIQUE INDEX i ON t (b)");
    EXPECT_EQ(d.action, config::action::reject);
    EXPECT_FALSE(d.replacement);
    EXPECT_NE(policy::leading_finding(d)->hint.find("DROP INDEX CONCURRENTLY"), std::string::npos);
}

TEST_F(leftover_test, a_made_up_name_takes_the_leftover_of_the_run_before) {
    EXPECT_EQ(client.failure("CREATE UNIQUE INDEX CONCURRENTLY t_a_idx ON t (a)"), "23505");
    const auto same = judged("CREATE UNIQUE INDEX ON t (a)");
    ASSERT_TRUE(same.replacement);
    ASSERT_EQ(same.replacement->steps.size(), 2u);
    EXPECT_EQ(same.replacement->steps[1].sql, "CREATE UNIQUE INDEX CONCURRENTLY \"t_a_idx\" ON t (a)");
    const auto different = judged("CREATE INDEX ON t (a)");
    ASSERT_TRUE(different.replacement);
    ASSERT_EQ(different.replacement->steps.size(), 1u);
    EXPECT_EQ(different.replacement->steps[0].sql, "CREATE INDEX CONCURRENTLY \"t_a_idx1\" ON t (a)");
}

TEST_F(leftover_test, an_index_that_another_session_may_be_building_is_left_alone) {
    EXPECT_EQ(client.failure("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)"), "23505");
    other.run("BEGIN; LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE");
    EXPECT_EQ(judged("CREATE UNIQUE INDEX i ON t (a)").action, config::action::reject);
    other.run("ROLLBACK");
    EXPECT_EQ(judged("CREATE UNIQUE INDEX i ON t (a)").action, config::action::rewrite);
}

TEST_F(leftover_test, a_name_that_is_taken_is_for_postgresql_to_refuse) {
    client.run("CREATE INDEX i ON t (a); CREATE TABLE u (a int)");
    EXPECT_EQ(judged("CREATE INDEX i ON t (a)").action, config::action::allow);
    const auto again = judged("CREATE INDEX IF NOT EXISTS i ON t (a)");
    EXPECT_EQ(again.action, config::action::warn);
    EXPECT_EQ(leading_finding(again)->rule, "lock-taken-for-nothing");
    EXPECT_EQ(judged("CREATE INDEX i ON u (a)").action, config::action::allow);
    EXPECT_EQ(judged("CREATE INDEX u ON t (a)").action, config::action::allow);
}

// The plan's own SQL, run as the proxy would: build, fail, undo with its guard.
TEST_F(leftover_test, the_plan_undoes_exactly_what_it_left) {
    const auto d = judged("CREATE UNIQUE INDEX i ON t (a)");
    ASSERT_TRUE(d.replacement);
    ASSERT_EQ(d.replacement->steps.size(), 1u);
    const auto& build = d.replacement->steps[0];
    EXPECT_EQ(client.value(build.undo_if), "f");
    EXPECT_EQ(client.failure(build.sql), "23505");
    EXPECT_EQ(client.value(build.undo_if), "t");
    client.run(build.undo);
    EXPECT_EQ(client.value("SELECT count(*) FROM pg_class WHERE relname = 'i'"), "0");
    client.run("DELETE FROM t");
    client.run(build.sql);
    EXPECT_EQ(client.value(build.undo_if), "f");  // a valid index is never undone
}

TEST_F(leftover_test, a_partitioned_table_gets_its_entry_first) {
    client.run("CREATE TABLE p (k int) PARTITION BY RANGE (k)");
    const auto d = judged("CREATE INDEX i ON p (k)");
    ASSERT_TRUE(d.replacement && !d.replacement->steps.empty());
    EXPECT_NE(d.replacement->steps.front().sql.find("ON ONLY"), std::string::npos);
    EXPECT_EQ(judged("CREATE INDEX i ON ONLY p (k)").action, config::action::allow);
}

TEST_F(leftover_test, an_index_on_a_table_of_this_transaction_is_nobodys_business) {
    client.run("BEGIN; CREATE TABLE fresh (a int)");
    const auto d = judged("CREATE INDEX ON fresh (a)");
    EXPECT_EQ(d.action, config::action::allow);
    EXPECT_EQ(d.timeouts, policy::timeout_class::none);
    EXPECT_EQ(judged("CREATE INDEX ON t (a)").action, config::action::rewrite) << "it is put off until the COMMIT";
    client.run("ROLLBACK");
}

}  // namespace
