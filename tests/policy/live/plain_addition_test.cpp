#include <gtest/gtest.h>

#include "facts.hpp"

// The short question for ADD COLUMN: what it answers, and where it gives none.
namespace {

struct plain_addition_test : live::catalog_facts_test {
    // No facts: there was no row, or no question.
    policy::catalog_facts in_short(std::string_view sql) {
        auto session = client.facts();
        session.in_transaction = client.in_transaction();
        const auto question = policy::read_script(sql, {}).short_question(session, settings);
        if (!question) return {};
        const auto rows = client.rows(*question);
        return rows.empty() ? policy::catalog_facts{} : policy::read_catalog(std::vector<policy::catalog_rows>{rows});
    }
    bool is_plain(std::string_view sql) { return in_short(sql).asked; }
    policy::relation_facts table(std::string_view name = "t") {
        const auto facts = in_short("ALTER TABLE " + std::string(name) + " ADD COLUMN fresh int");
        return facts.relations.empty() ? policy::relation_facts{} : facts.relations.front().facts;
    }

    config::settings settings;
};

TEST_F(plain_addition_test, says_of_the_table_what_the_whole_answer_says) {
    client.run("CREATE SCHEMA \"An \"\"odd\"\" one\"; CREATE TABLE \"An \"\"odd\"\" one\".\"T\" (a text);"
               "INSERT INTO \"An \"\"odd\"\" one\".\"T\" SELECT repeat('x', 5000) FROM generate_series(1, 100);"
               "CREATE UNLOGGED TABLE u (a int); CREATE TEMP TABLE m (a int)");
    for (const auto* name : {"\"An \"\"odd\"\" one\".\"T\"", "u", "public.u", "m"}) {
        const auto brief = table(name), whole = relation(name);
        EXPECT_TRUE(brief.known && brief.exists && brief.unlocked) << name;
        EXPECT_EQ(brief.oid, whole.oid);
        EXPECT_EQ(brief.name, whole.name);
        EXPECT_EQ(brief.kind, whole.kind);
        EXPECT_EQ(brief.size, whole.size);
        EXPECT_EQ(brief.temporary, whole.temporary);
        EXPECT_EQ(brief.unlogged, whole.unlogged);
        EXPECT_EQ(brief.visible(), whole.visible());
    }
}

TEST_F(plain_addition_test, ends_with_the_timeouts) {
    client.run("CREATE TABLE t (a int); SET lock_timeout = '3s'; SET statement_timeout = '2min'");
    const auto question = policy::read_script("ALTER TABLE t ADD b int", {}).short_question(client.facts(), settings);
    const auto rows = client.rows(question.value());
    ASSERT_EQ(rows.size(), 1u);
    EXPECT_EQ(rows[0][rows[0].size() - 2], "3s");
    EXPECT_EQ(rows[0].back(), "2min");
}

TEST_F(plain_addition_test, is_about_columns_that_add_nothing_but_themselves) {
    client.run("CREATE TABLE t (a int); CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN short AS text CHECK (length(VALUE) < 5)");
    for (const auto* column : {"b int", "b text, ADD c varchar(20)", "b int DEFAULT 5 NOT NULL", "b timestamptz DEFAULT '2020-01-01'",
                               "b numeric(10,2)[]", "b pg_catalog.bool", "b \"char\"", "b text DEFAULT 'x'::text", "IF NOT EXISTS b jsonb"})
        EXPECT_TRUE(is_plain("ALTER TABLE t ADD " + std::string(column))) << column;
    for (const auto* column : {"b int NOT NULL", "b int UNIQUE", "b int CHECK (b > 0)", "b int REFERENCES t", "b serial", "b mood", "b short",
                               "b short[]", "b public.short", "b text DEFAULT 'x'::short", "b int DEFAULT random()", "b int, DROP a",
                               "b int GENERATED ALWAYS AS IDENTITY", "b int GENERATED ALWAYS AS (a + 1) STORED", "b no_such_type",
                               "IF NOT EXISTS a int", "CHECK (a > 0)", "b information_schema.sql_identifier"})
        EXPECT_FALSE(is_plain("ALTER TABLE t ADD " + std::string(column))) << column;
    EXPECT_FALSE(is_plain("ALTER TABLE t ADD b int; ALTER TABLE t ADD c int"));
    EXPECT_FALSE(is_plain("ALTER TABLE t DROP a"));
}

TEST_F(plain_addition_test, a_column_that_is_there_counts_where_a_rule_asks_for_it) {
    client.run("CREATE TABLE t (a int)");
    EXPECT_TRUE(is_plain("ALTER TABLE t ADD a int"));
    auto scoped = settings;
    scoped.scopes.emplace_back().differs.rules["done-already"] = config::action::warn;
    settings.rules["done-already"] = config::action::warn;
    EXPECT_FALSE(is_plain("ALTER TABLE t ADD a int"));
    settings = scoped;
    EXPECT_FALSE(is_plain("ALTER TABLE t ADD a int"));
    EXPECT_TRUE(is_plain("ALTER TABLE t ADD b int"));
}

TEST_F(plain_addition_test, is_about_tables_without_partitions_and_children) {
    client.run("CREATE TABLE p (a int) PARTITION BY LIST (a); CREATE TABLE p1 PARTITION OF p DEFAULT; CREATE TABLE q (a int);"
               "CREATE TABLE q1 () INHERITS (q); CREATE VIEW v AS SELECT 1 AS a; CREATE MATERIALIZED VIEW w AS SELECT 1 AS a;"
               "CREATE TYPE c AS (a int); CREATE SEQUENCE s");
    for (const auto* name : {"p", "p1", "q", "v", "w", "c", "s", "nowhere", "no_schema.nowhere", "pg_temp.t"})
        EXPECT_FALSE(is_plain("ALTER TABLE " + std::string(name) + " ADD b int")) << name;
}

TEST_F(plain_addition_test, a_type_of_the_clients_own_before_the_servers_is_not_taken_for_it) {
    client.run("CREATE TABLE t (a int); CREATE DOMAIN text AS pg_catalog.text CHECK (VALUE <> ''); SET search_path = public, pg_catalog");
    EXPECT_FALSE(is_plain("ALTER TABLE t ADD b text"));
    EXPECT_TRUE(is_plain("ALTER TABLE t ADD b pg_catalog.text"));
    EXPECT_TRUE(is_plain("ALTER TABLE t ADD b int"));
}

TEST_F(plain_addition_test, what_the_transaction_has_made_is_asked_about_in_full) {
    client.run("CREATE TABLE t (a int)");
    client.run("BEGIN");
    EXPECT_TRUE(is_plain("ALTER TABLE t ADD b int"));
    client.run("CREATE TABLE mine (a int)");
    EXPECT_TRUE(is_plain("ALTER TABLE t ADD b int"));
    EXPECT_FALSE(is_plain("ALTER TABLE mine ADD b int"));
    client.run("SAVEPOINT s");
    client.run("CREATE TABLE nested (a int)");
    EXPECT_FALSE(is_plain("ALTER TABLE nested ADD b int"));
    client.run("COMMIT");
    EXPECT_TRUE(is_plain("ALTER TABLE nested ADD b int"));
}

TEST_F(plain_addition_test, tells_who_is_there_and_waits_for_nobody) {
    client.run("CREATE TABLE t (a int); SET lock_timeout = '50ms'");
    EXPECT_TRUE(table().unlocked);
    other.run("BEGIN");
    other.run("SELECT FROM t");
    EXPECT_FALSE(table().unlocked);
    EXPECT_TRUE(table().size);
    other.run("LOCK TABLE t");
    EXPECT_FALSE(table().unlocked);
    EXPECT_TRUE(table().known);
    EXPECT_FALSE(table().size);
    other.run("ROLLBACK");
    EXPECT_TRUE(table().unlocked);
}

TEST_F(plain_addition_test, operators_and_functions_of_the_client_are_not_called) {
    client.run("CREATE TABLE t (a int); CREATE SCHEMA evil; SET search_path = evil, pg_catalog, public");
    int functions = 0;
    for (const std::string type : {"oid", "name", "text", "int8", "int4", "\"char\""})
        for (const std::string op : {"=", "<>", "<", "-", "+"}) {
            const auto returns = op == "-" || op == "+" ? type : std::string("bool");
            const auto function = "evil.refuse_" + std::to_string(++functions);
            client.run("CREATE FUNCTION " + function + "(" + type + ", " + type + ") RETURNS " + returns +
                       " LANGUAGE plpgsql AS $$BEGIN RAISE 'called'; END$$");
            client.run("CREATE OPERATOR evil." + op + " (LEFTARG = " + type + ", RIGHTARG = " + type + ", FUNCTION = " + function + ")");
        }
    EXPECT_TRUE(is_plain("ALTER TABLE t ADD b int"));
    client.run("BEGIN");
    client.run("CREATE TABLE public.made (a int)");
    EXPECT_TRUE(is_plain("ALTER TABLE public.t ADD IF NOT EXISTS b pg_catalog.text"));
}

}  // namespace
