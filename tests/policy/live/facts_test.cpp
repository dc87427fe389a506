#include <gtest/gtest.h>

#include <thread>

#include "facts.hpp"

// The catalog queries, asked of a live server.
namespace {

using live::catalog_facts_test;
using policy::relation_name;

TEST_F(catalog_facts_test, tells_name_kind_and_size) {
    client.run("CREATE SCHEMA app; CREATE TABLE app.t (a int, b text); INSERT INTO app.t SELECT g, repeat('x', 100) FROM "
               "generate_series(1, 20000) g; SET search_path = app");
    const auto facts = relation("t");
    EXPECT_TRUE(facts.known);
    EXPECT_TRUE(facts.exists);
    EXPECT_EQ(facts.name, (relation_name{"app", "t"}));
    EXPECT_EQ(facts.kind, 'r');
    EXPECT_TRUE(facts.visible());
    EXPECT_EQ(std::to_string(facts.size.value()), client.value("SELECT pg_table_size('app.t')"));
    EXPECT_EQ(std::to_string(facts.oid), client.value("SELECT 'app.t'::regclass::oid"));
}

TEST_F(catalog_facts_test, knows_what_does_not_exist) {
    EXPECT_FALSE(relation("nowhere").exists);
    EXPECT_FALSE(relation("no_schema.nowhere").exists);
}

TEST_F(catalog_facts_test, follows_the_clients_search_path_and_temporary_tables) {
    client.run("CREATE TABLE t (a int); CREATE SCHEMA s; CREATE TABLE s.t (a int); SET search_path = s, public");
    EXPECT_EQ(relation("t").name, (relation_name{"s", "t"}));
    client.run("CREATE TEMP TABLE t (a int)");
    EXPECT_TRUE(relation("t").temporary);
    EXPECT_TRUE(relation("pg_temp.t").temporary);
    EXPECT_FALSE(relation("s.t").temporary);
}

TEST_F(catalog_facts_test, takes_names_as_they_are_quoted) {
    client.run(R"(CREATE TABLE "Odd ""name"" \ {,}" (a int))");
    const auto facts = relation(R"("Odd ""name"" \ {,}")");
    EXPECT_TRUE(facts.exists);
    EXPECT_EQ(facts.name.name, R"(Odd "name" \ {,})");
}

TEST_F(catalog_facts_test, a_schema_that_the_client_may_not_use_is_no_error) {
    client.run("CREATE SCHEMA secret; CREATE TABLE secret.t (a int); CREATE ROLE nobody_" + database + "; SET ROLE nobody_" + database);
    EXPECT_TRUE(relation("secret.t").exists);
}

TEST_F(catalog_facts_test, operators_and_functions_of_the_client_are_not_called) {
    client.run("CREATE SCHEMA evil; SET search_path = evil, pg_catalog, public;"
               "CREATE FUNCTION evil.refuse(anyelement, anyelement) RETURNS bool LANGUAGE plpgsql AS "
               "  $$BEGIN RAISE 'called'; END$$;"
               "CREATE FUNCTION evil.eq(oid, oid) RETURNS bool LANGUAGE plpgsql AS $$BEGIN RAISE 'called'; END$$;"
               "CREATE FUNCTION evil.eq(name, name) RETURNS bool LANGUAGE plpgsql AS $$BEGIN RAISE 'called'; END$$;"
               "CREATE FUNCTION evil.eq(text, text) RETURNS bool LANGUAGE plpgsql AS $$BEGIN RAISE 'called'; END$$;"
               "CREATE FUNCTION evil.eq(int8, int8) RETURNS bool LANGUAGE plpgsql AS $$BEGIN RAISE 'called'; END$$;"
               "CREATE FUNCTION evil.eq(int4, int4) RETURNS bool LANGUAGE plpgsql AS $$BEGIN RAISE 'called'; END$$;"
               "CREATE OPERATOR evil.= (LEFTARG = oid, RIGHTARG = oid, FUNCTION = evil.eq);"
               "CREATE OPERATOR evil.= (LEFTARG = name, RIGHTARG = name, FUNCTION = evil.eq);"
               "CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.eq);"
               "CREATE OPERATOR evil.= (LEFTARG = int8, RIGHTARG = int8, FUNCTION = evil.eq);"
               "CREATE OPERATOR evil.<> (LEFTARG = int4, RIGHTARG = int4, FUNCTION = evil.eq);"
               "CREATE OPERATOR evil.< (LEFTARG = int8, RIGHTARG = int8, FUNCTION = evil.eq);"
               "CREATE OPERATOR evil.>= (LEFTARG = int8, RIGHTARG = int8, FUNCTION = evil.eq);"
               "CREATE FUNCTION evil.to_regclass(text) RETURNS regclass LANGUAGE plpgsql AS $$BEGIN RAISE 'called'; END$$;"
               "CREATE TABLE public.t (a int)");
    EXPECT_EQ(client.failure("SELECT 1::int8 = 1::int8"), "P0001");  // the trap works
    EXPECT_TRUE(relation("t").exists);
    EXPECT_NO_THROW(ask("CREATE INDEX ON t (a)"));
}

TEST_F(catalog_facts_test, adds_up_partitions_and_children) {
    client.run("CREATE TABLE p (k int, v text) PARTITION BY RANGE (k);"
               "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10000) PARTITION BY RANGE (k);"
               "CREATE TABLE p11 PARTITION OF p1 FOR VALUES FROM (0) TO (5000);"
               "CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10000) TO (20000);"
               "INSERT INTO p SELECT g, repeat('x', 100) FROM generate_series(0, 4999) g;"
               "INSERT INTO p SELECT g, repeat('x', 100) FROM generate_series(10000, 19999) g");
    const auto facts = relation("p");
    EXPECT_TRUE(facts.partitioned());
    EXPECT_EQ(std::to_string(facts.size.value()), client.value("SELECT pg_table_size('p11') + pg_table_size('p2')"));
}

TEST_F(catalog_facts_test, an_index_comes_with_its_table) {
    client.run("CREATE TABLE t (a int); CREATE INDEX t_a ON t (a)");
    const auto facts = ask("DROP INDEX t_a");
    ASSERT_EQ(facts.relations.size(), 1u);
    EXPECT_EQ(facts.relations[0].facts.kind, 'i');
    ASSERT_TRUE(facts.relations[0].table);
    EXPECT_EQ(facts.relations[0].table->name, (relation_name{"public", "t"}));
}

// pg_table_size would wait for the lock; so would everything that came after the question.
TEST_F(catalog_facts_test, does_not_wait_for_a_lock_held_by_another_session) {
    client.run("CREATE TABLE t (a int); CREATE TABLE p (k int) PARTITION BY RANGE (k);"
               "CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10)");
    other.run("BEGIN; LOCK TABLE t, p1 IN ACCESS EXCLUSIVE MODE");
    client.run("SET statement_timeout = '5s'");
    EXPECT_EQ(relation("t").size, std::nullopt);
    EXPECT_EQ(relation("p").size, std::nullopt);
    EXPECT_TRUE(relation("t").exists);
    EXPECT_NO_THROW(ask("CREATE INDEX i ON t (a)"));
    other.run("ROLLBACK");
    EXPECT_TRUE(relation("t").size.has_value());
}

TEST_F(catalog_facts_test, does_not_queue_behind_a_waiting_lock) {
    live::session reader(database);
    client.run("CREATE TABLE t (a int)");
    reader.run("BEGIN; SELECT * FROM t");
    other.run("SET lock_timeout = 0");
    const auto pid = other.value("SELECT pg_backend_pid()");
    std::thread waiting([&] { other.failure("ALTER TABLE t ADD COLUMN b int"); });
    while (client.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = " + pid) == "0") std::this_thread::yield();
    EXPECT_EQ(relation("t").size, std::nullopt);
    reader.run("ROLLBACK");
    waiting.join();
    EXPECT_TRUE(relation("t").size.has_value());
}

TEST_F(catalog_facts_test, takes_no_lock_on_the_relation_and_no_transaction_id) {
    client.run("CREATE TABLE t (a int); CREATE INDEX i ON t (a)");
    client.run("BEGIN");
    ask("CREATE INDEX i ON t (a)");
    ask("DROP INDEX i");
    EXPECT_EQ(client.value("SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND relation IN ('t'::regclass, 'i'::regclass)"),
              "0");
    EXPECT_EQ(client.value("SELECT pg_current_xact_id_if_assigned() IS NULL"), "t");
    client.run("COMMIT");
}

TEST_F(catalog_facts_test, created_here_until_the_commit) {
    client.run("BEGIN; CREATE TABLE t (a int)");
    EXPECT_TRUE(created_here("t"));
    client.run("INSERT INTO t VALUES (1); ALTER TABLE t ADD COLUMN b int; ALTER TABLE t RENAME TO u");
    EXPECT_TRUE(created_here("u"));
    client.run("COMMIT");
    EXPECT_FALSE(created_here("u"));
    client.run("BEGIN");
    EXPECT_FALSE(created_here("u"));
    client.run("INSERT INTO u VALUES (2)");  // a transaction id is assigned
    EXPECT_FALSE(created_here("u"));
    client.run("ROLLBACK");
}

TEST_F(catalog_facts_test, altering_does_not_make_it_ours) {
    client.run("CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1 AS x; CREATE MATERIALIZED VIEW m AS SELECT 1 AS x; CREATE SEQUENCE q; "
               "CREATE SCHEMA s");
    client.run("BEGIN; ALTER TABLE t ALTER a TYPE bigint, ADD COLUMN b int, SET (fillfactor = 80); ALTER TABLE t RENAME TO t2;"
               "CREATE OR REPLACE VIEW v AS SELECT 2 AS x; ALTER VIEW v RENAME x TO y; REFRESH MATERIALIZED VIEW m;"
               "ALTER TABLE t2 SET SCHEMA s; ALTER SEQUENCE q RESTART");
    for (const char* name : {"s.t2", "v", "m", "q"}) EXPECT_FALSE(created_here(name)) << name;
    client.run("ROLLBACK");
}

TEST_F(catalog_facts_test, created_here_for_everything_that_can_be_created) {
    client.run("BEGIN; CREATE TABLE t (a int PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t; CREATE SEQUENCE q;"
               "CREATE MATERIALIZED VIEW m AS SELECT * FROM t; CREATE TABLE ctas AS SELECT * FROM t; SELECT * INTO into_t FROM t;"
               "CREATE TABLE p (k int) PARTITION BY RANGE (k); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (1)");
    for (const char* name : {"t", "t_pkey", "v", "q", "m", "ctas", "into_t", "p", "p1"})
        EXPECT_TRUE(created_here(name)) << name;
    client.run("ROLLBACK");
}

TEST_F(catalog_facts_test, created_in_savepoints) {
    client.run("CREATE TABLE before (a int)");
    client.run("BEGIN; SAVEPOINT one; CREATE TABLE t1 (a int)");
    EXPECT_TRUE(created_here("t1"));
    client.run("SAVEPOINT two; CREATE TABLE t2 (a int); RELEASE two");
    EXPECT_TRUE(created_here("t1"));
    EXPECT_TRUE(created_here("t2"));
    client.run("RELEASE one");
    EXPECT_TRUE(created_here("t1"));
    EXPECT_TRUE(created_here("t2"));
    client.run("SAVEPOINT three; CREATE TABLE t3 (a int); ROLLBACK TO three");
    EXPECT_FALSE(relation("t3").exists);
    EXPECT_TRUE(created_here("t1"));
    EXPECT_FALSE(created_here("before"));
    client.run("COMMIT");
    EXPECT_FALSE(created_here("t1"));
    EXPECT_FALSE(created_here("t2"));
}

// The subtransaction's id lies past the snapshot's end as long as nothing newer has ended.
TEST_F(catalog_facts_test, created_in_a_released_savepoint_with_no_newer_transaction) {
    client.run("BEGIN; CREATE TABLE zero (a int); SAVEPOINT s; SAVEPOINT deeper; CREATE TABLE t (a int); RELEASE deeper; RELEASE s");
    EXPECT_TRUE(created_here("t"));
    client.run("COMMIT");
}

TEST_F(catalog_facts_test, others_transactions_that_end_meanwhile_change_nothing) {
    client.run("BEGIN; SAVEPOINT s; CREATE TABLE mine (a int); RELEASE s");
    other.run("CREATE TABLE theirs (a int)");
    other.run("INSERT INTO theirs VALUES (1)");
    EXPECT_TRUE(created_here("mine"));
    EXPECT_TRUE(relation("theirs").exists);
    EXPECT_FALSE(created_here("theirs"));
    client.run("COMMIT");
}

TEST_F(catalog_facts_test, created_here_in_repeatable_read) {
    client.run("BEGIN ISOLATION LEVEL REPEATABLE READ; CREATE TABLE mine (a int)");
    other.run("CREATE TABLE theirs (a int)");
    EXPECT_TRUE(created_here("mine"));
    // The name is found, but the snapshot is older than the table: it counts as large and visible.
    const auto theirs = relation("theirs");
    EXPECT_TRUE(theirs.exists);
    EXPECT_FALSE(theirs.created_here);
    client.run("COMMIT");
}

TEST_F(catalog_facts_test, frozen_rows_are_old) {
    client.run("CREATE TABLE t (a int)");
    client.run("VACUUM (FREEZE) pg_catalog.pg_attribute");
    client.run("BEGIN; CREATE TABLE u (a int)");
    EXPECT_FALSE(created_here("t"));
    EXPECT_FALSE(created_here("pg_catalog.pg_class"));  // made by initdb: transaction 1
    EXPECT_TRUE(created_here("u"));
    client.run("ROLLBACK");
}

}  // namespace
