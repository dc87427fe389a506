#include "policy/hazards.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/rules.hpp"
#include "support/judged.hpp"

// What rules say beyond their own examples: on which tables they are quiet, and where published tools are wrong.
namespace {

using namespace policy;
using namespace policy_test;
using config::action;

std::vector<std::string> found(const decision& d) {
    std::vector<std::string> rules;
    for (const auto& s : d.statements)
        for (const auto& f : s.findings) rules.push_back(f.rule);
    return rules;
}

std::vector<std::string> found(std::string_view sql) { return found(judged(sql)); }

using rules_found = std::vector<std::string>;
const rules_found nothing;

constexpr const char* blocking_work[] = {
    "CREATE INDEX i ON orders (a)",
    "ALTER TABLE orders ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES orders (id)",
    "ALTER TABLE orders ADD CONSTRAINT k CHECK (a > 0)",
    "ALTER TABLE orders ADD CONSTRAINT k UNIQUE (a)",
    "ALTER TABLE orders ADD PRIMARY KEY (a)",
    "ALTER TABLE orders ADD CONSTRAINT k EXCLUDE USING gist (a WITH =)",
    "ALTER TABLE orders ALTER a SET NOT NULL",
    "ALTER TABLE orders ALTER a TYPE bigint",
    "ALTER TABLE orders ADD a float DEFAULT random()",
    "ALTER TABLE orders ADD a bigserial",
    "ALTER TABLE orders ADD a int GENERATED ALWAYS AS IDENTITY",
    "ALTER TABLE orders ADD a int GENERATED ALWAYS AS (b * 2) STORED",
    "ALTER TABLE orders ADD a int UNIQUE",
    "ALTER TABLE orders ADD a int DEFAULT 1 REFERENCES orders (id)",
    "ALTER TABLE orders SET UNLOGGED",
    "ALTER TABLE orders SET TABLESPACE t",
    "ALTER TABLE orders SET ACCESS METHOD heap2",
    "ALTER TABLE orders VALIDATE CONSTRAINT k, ADD b int",
    "VACUUM FULL orders",
    "CLUSTER orders",
    "REINDEX TABLE orders",
    "REFRESH MATERIALIZED VIEW orders",
    "ALTER TABLE orders DETACH PARTITION p",
};

TEST(blocking_rules, speak_of_tables_that_are_large_and_in_use) {
    for (const auto* sql : blocking_work) {
        EXPECT_NE(judged(sql, table{}).action, action::allow) << sql;
        EXPECT_NE(judged(sql, table{.size = ""}).action, action::allow) << sql;  // unknown counts as large
    }
}

TEST(blocking_rules, are_quiet_on_all_others) {
    for (const auto* sql : blocking_work) {
        EXPECT_EQ(found(judged(sql, table{.size = "8192"})), nothing) << sql;
        EXPECT_EQ(found(judged(sql, table{.persistence = "t"})), nothing) << sql;
        EXPECT_EQ(found(judged(sql, table{.created_here = true})), nothing) << sql;
        EXPECT_EQ(found(judged(sql, table{.exists = false})), nothing) << sql;
        EXPECT_EQ(found("CREATE TABLE orders (a int); " + std::string(sql)), nothing) << sql;
    }
}

TEST(blocking_rules, a_table_is_new_until_its_creation_is_rolled_back) {
    const std::string made = "BEGIN; CREATE TABLE t (a int); SAVEPOINT s; CREATE TABLE u (a int); ";
    EXPECT_EQ(found(made + "CREATE INDEX ON t (a); CREATE INDEX ON u (a)"), nothing);
    EXPECT_EQ(found(made + "ROLLBACK TO s; CREATE INDEX ON t (a)"), nothing);
    EXPECT_EQ(found(made + "ROLLBACK TO s; CREATE INDEX ON u (a)"), rules_found{"index-without-concurrently"});
    EXPECT_EQ(found(made + "ROLLBACK; CREATE INDEX ON t (a)"), rules_found{"index-without-concurrently"});
    EXPECT_EQ(found("CREATE TABLE a.t (a int); CREATE INDEX ON b.t (a)"), rules_found{"index-without-concurrently"});
    EXPECT_EQ(found("CREATE INDEX ON t (a); CREATE TABLE t (a int)"), rules_found{"index-without-concurrently"});
}

TEST(blocking_rules, what_was_made_here_stays_it_under_another_name) {
    EXPECT_EQ(found("BEGIN; CREATE TABLE t (a int); CREATE INDEX i ON t (a); DROP INDEX i"), nothing);
    EXPECT_EQ(found("BEGIN; CREATE TABLE t (a int); ALTER TABLE t RENAME TO u; CREATE INDEX ON u (a)"), nothing);
    EXPECT_EQ(found("BEGIN; CREATE TABLE s.t (a int); ALTER TABLE s.t RENAME TO u; CREATE INDEX ON s.u (a)"), nothing);
    // The name that it had is free for others.
    EXPECT_EQ(found("BEGIN; CREATE TABLE t (a int); ALTER TABLE t RENAME TO u; ALTER TABLE v RENAME TO t; CREATE INDEX ON t (a)"),
              (rules_found{"table-renamed", "index-without-concurrently"}));
    EXPECT_EQ(found("BEGIN; CREATE TABLE t (a int); DROP TABLE t; CREATE INDEX ON t (a)"), rules_found{"index-without-concurrently"});
}

// Each line is a verdict that a published tool gets wrong; PostgreSQL's own behaviour is measured by the claims.
TEST(rules, are_right_where_published_tools_are_wrong) {
    // now() and its like are computed once.
    for (const char* stable : {"now()", "CURRENT_TIMESTAMP", "'x'", "42", "ARRAY[1, 2]"})
        EXPECT_EQ(found("ALTER TABLE t ADD c text DEFAULT " + std::string(stable)), nothing) << stable;
    // An array of volatile calls is not a constant.
    EXPECT_EQ(found("ALTER TABLE t ADD c float[] DEFAULT ARRAY[random()]"), rules_found{"column-with-volatile-default"});
    // Identity rewrites as serial does; it is no remedy.
    EXPECT_EQ(found("ALTER TABLE t ADD c int GENERATED BY DEFAULT AS IDENTITY"), rules_found{"numbered-column-added"});
    EXPECT_EQ(find_rule("numbered-column-added")->text.after.find("IDENTITY"), std::string_view::npos);
    // A nullable column with REFERENCES has nothing to check.
    EXPECT_EQ(found("ALTER TABLE t ADD c int REFERENCES u"), nothing);
    EXPECT_EQ(found("ALTER TABLE t ADD c int NULL CONSTRAINT k REFERENCES u (id) DEFERRABLE INITIALLY DEFERRED; "
                    "SET CONSTRAINTS k IMMEDIATE"),
              nothing);
    // A CHECK inside ADD COLUMN scans even where every value is null.
    EXPECT_EQ(found("ALTER TABLE t ADD c int CHECK (c > 0)"), rules_found{"constraint-inside-add-column"});
    // NOT VALID and VALIDATE in one ALTER TABLE scan under the lock of the first.
    EXPECT_EQ(found("ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID, VALIDATE CONSTRAINT k"),
              rules_found{"scan-under-a-stronger-lock"});
    // A partial index on IS NOT NULL is no NOT NULL.
    EXPECT_EQ(found("CREATE INDEX CONCURRENTLY i ON t (a) WHERE a IS NOT NULL"), nothing);
    // An option that changes in place, statistics and comments block nobody.
    for (const char* quiet : {"ALTER TABLE t SET (fillfactor = 70)", "ALTER TABLE t ALTER c SET STATISTICS 100",
                              "COMMENT ON TABLE t IS 'x'", "ALTER INDEX i RENAME TO j", "ANALYZE t"})
        EXPECT_EQ(found(quiet), nothing) << quiet;
    // USING INDEX builds nothing.
    EXPECT_EQ(found("ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i"), nothing);
}

TEST(rules, what_django_sends_for_a_column_with_a_default_is_quiet) {
    EXPECT_EQ(found(R"(ALTER TABLE "t" ADD COLUMN "c" integer DEFAULT 7 NOT NULL; ALTER TABLE "t" ALTER COLUMN "c" DROP DEFAULT)"),
              nothing);
    EXPECT_EQ(found("ALTER TABLE t ALTER c DROP NOT NULL"), nothing);
}

TEST(rules, a_validation_needs_a_transaction_of_its_own) {
    const std::string add = "BEGIN; ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ";
    EXPECT_EQ(found(add + "ALTER TABLE t VALIDATE CONSTRAINT k").front(), "validated-where-added");
    EXPECT_EQ(found(add + "ALTER TABLE t VALIDATE CONSTRAINT other"), rules_found{"validated-under-held-lock"});
    EXPECT_EQ(found(add + "COMMIT; ALTER TABLE t VALIDATE CONSTRAINT k"), nothing);
    EXPECT_EQ(found("BEGIN; SAVEPOINT s; ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ROLLBACK TO s; "
                    "ALTER TABLE t VALIDATE CONSTRAINT k"),
              nothing);
}

TEST(rules, remember_what_the_transaction_did_in_messages_before) {
    session_facts session = in_transaction();
    const auto altered = judged("ALTER TABLE orders ADD a int", table{}, session);
    for (const auto& s : altered.statements) session.so_far.after(s.deeds);
    EXPECT_EQ(rule_of(judged("ALTER TABLE orders VALIDATE CONSTRAINT k", table{}, session)), "validated-under-held-lock");
    EXPECT_EQ(rule_of(judged("UPDATE orders SET a = 1 WHERE id < 9", session)), "rows-changed-under-lock");
    session.so_far.clear();
    EXPECT_EQ(rule_of(judged("ALTER TABLE orders VALIDATE CONSTRAINT k", table{}, session)), "");
}

TEST(rules, rows_and_schema_belong_in_transactions_of_their_own) {
    EXPECT_EQ(found("BEGIN; UPDATE t SET a = 1 WHERE b; ALTER TABLE t ADD c int"), rules_found{"schema-changed-after-rows"});
    EXPECT_EQ(found("BEGIN; UPDATE t SET a = 1 WHERE b; COMMIT; ALTER TABLE t ADD c int"), nothing);
    EXPECT_EQ(found("CREATE TABLE t (a int); UPDATE t SET a = 1 WHERE a = 2; ALTER TABLE t ADD c int"), nothing);
    // The row that a migration tool writes about itself is an INSERT.
    EXPECT_EQ(found("BEGIN; ALTER TABLE t ADD c int; INSERT INTO django_migrations (app) VALUES ('x')"), nothing);
}

TEST(transaction_memory, takes_back_what_a_rollback_takes_back) {
    using kind = deed::kind;
    transaction_memory memory;
    const auto lock = [&](const char* table) { memory.after(std::vector{deed{kind::locked, table, {}, lock_mode::access_exclusive}}); };
    const auto say = [&](kind what, const char* name) { memory.after(std::vector{deed{what, {}, name}}); };
    lock("a");
    say(kind::savepoint, "s");
    lock("b");
    say(kind::savepoint, "s");
    lock("c");
    say(kind::rolled_back_to, "s");
    EXPECT_EQ(memory.strong_lock(lock_mode::share)->relation, "b");
    say(kind::released, "s");
    say(kind::rolled_back_to, "s");
    EXPECT_EQ(memory.strong_lock(lock_mode::share)->relation, "a");
    say(kind::rolled_back_to, "older than anything known");
    EXPECT_TRUE(memory.empty());
    lock("d");
    say(kind::rolled_back, "");
    EXPECT_TRUE(memory.empty());
}

TEST(transaction_memory, knows_what_a_name_last_stood_for) {
    using kind = deed::kind;
    transaction_memory memory;
    const auto make = [&](kind what, const char* schema, const char* name) { memory.after(std::vector{deed{what, schema, name}}); };
    const auto last = [&](const char* schema, const char* name, std::size_t from = 0) {
        const auto* d = memory.last_made(schema, name, from);
        return d ? std::optional(d->what) : std::nullopt;
    };
    make(kind::created, "", "a");
    make(kind::created, "app", "a");
    memory.after(std::vector{deed{kind::savepoint, {}, "s"}});
    make(kind::gone, "", "a");
    EXPECT_EQ(last("", "a"), kind::gone);
    EXPECT_EQ(last("app", "a"), kind::created);
    EXPECT_EQ(last("app", "a", 2), std::nullopt) << "asked from later on";
    EXPECT_EQ(last("ap", "pa"), std::nullopt);
    memory.after(std::vector{deed{kind::rolled_back_to, {}, "s"}});
    EXPECT_EQ(last("", "a"), kind::created);
    make(kind::created, "", "b");
    memory.forget_plain_names();
    EXPECT_EQ(last("", "a"), std::nullopt);
    EXPECT_EQ(last("", "b"), std::nullopt);
    EXPECT_EQ(last("app", "a"), kind::created);
    memory.after(std::vector{deed{kind::rolled_back_to, {}, "s"}});
    memory.clear();
    EXPECT_EQ(last("app", "a"), std::nullopt);
}

TEST(rules, that_are_silent_on_the_wire_speak_in_check) {
    constexpr auto sql = "ALTER TABLE orders DROP COLUMN a";
    EXPECT_EQ(found(sql), nothing);
    EXPECT_EQ(found(judged(sql, session_facts{}, check_settings({}))), rules_found{"column-dropped"});
    config::settings quiet;
    quiet.rules["column-dropped"] = action::allow;
    EXPECT_EQ(found(judged(sql, session_facts{}, check_settings(quiet))), nothing);
}

}  // namespace
