#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/catalog_rows.hpp"
#include "support/judged.hpp"

// What runs in place of an ALTER TABLE, as text. That it leaves what the statement would have left is tried on a server:
// tests/integration/test_plans_alter.py.
namespace {

using config::action;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

policy_test::catalog orders() {
    return policy_test::catalog().column("id", true).column("buyer_id").column("number").column("note");
}

std::vector<std::string> steps(const policy::decision& d) {
    std::vector<std::string> out;
    if (!d.replacement) return {"none: " + (policy::leading_finding(d) ? policy::leading_finding(d)->hint : "")};
    for (const auto& s : d.replacement->steps) out.push_back(s.sql);
    return out;
}

// Of what was done, when a later step has failed.
std::vector<std::string> undos(const policy::decision& d) {
    std::vector<std::string> out;
    if (d.replacement)
        for (const auto& s : d.replacement->steps) out.push_back(s.undo_done.empty() ? s.undo : s.undo_done);
    return out;
}

policy::session_facts on_server(int version) {
    policy::session_facts s;
    s.server_version = version;
    return s;
}

TEST(alter_plan, validates_a_foreign_key_later) {
    const auto d = orders().other("people", "16999").judged(
        "ALTER TABLE ONLY orders ADD CONSTRAINT \"The Key\" FOREIGN KEY (buyer_id) REFERENCES people ON DELETE CASCADE "
        "DEFERRABLE -- why");
    EXPECT_EQ(d.action, action::rewrite);
    EXPECT_THAT(steps(d), ElementsAre("ALTER TABLE ONLY orders ADD CONSTRAINT \"The Key\" FOREIGN KEY (buyer_id) REFERENCES "
                                      "people ON DELETE CASCADE DEFERRABLE NOT VALID",
                                      "ALTER TABLE ONLY orders VALIDATE CONSTRAINT \"The Key\""));
    ASSERT_TRUE(d.replacement);
    EXPECT_EQ(d.replacement->tag, "ALTER TABLE");
    const auto& all = d.replacement->steps;
    EXPECT_EQ(all[0].timeouts, policy::timeout_class::blocking);
    EXPECT_EQ(all[1].timeouts, policy::timeout_class::online);
    EXPECT_THAT(undos(d), ElementsAre("ALTER TABLE ONLY orders DROP CONSTRAINT IF EXISTS \"The Key\"", ""));
    EXPECT_EQ(all[0].undo_timeouts, policy::timeout_class::blocking);
    EXPECT_EQ(all[0].undo, "") << "where the ADD fails, one of that name is somebody else's";
    EXPECT_THAT(all[0].undo_done_if, HasSubstr("16384::pg_catalog.oid"));
    EXPECT_THAT(all[0].undo_done_if, HasSubstr("NOT k.convalidated"));
}

TEST(alter_plan, gives_the_name_that_postgresql_would) {
    const auto named = [](const policy_test::catalog& c, const std::string& action) {
        const auto d = c.judged("ALTER TABLE orders ADD " + action);
        const auto sql = steps(d).front();
        const auto begin = sql.find("CONSTRAINT \"");
        return begin == std::string::npos ? sql : sql.substr(begin + 12, sql.find('"', begin + 12) - begin - 12);
    };
    const auto c = orders().other("people", "16999");
    EXPECT_EQ(named(c, "FOREIGN KEY (buyer_id) REFERENCES people"), "orders_buyer_id_fkey");
    EXPECT_EQ(named(c, "FOREIGN KEY (buyer_id, number) REFERENCES people"), "orders_buyer_id_number_fkey");
    EXPECT_EQ(named(c, "CHECK (number > 0 AND number < 9)"), "orders_number_check");
    EXPECT_EQ(named(c, "CHECK (number > buyer_id)"), "orders_check");
    EXPECT_EQ(named(c, "CHECK (true)"), "orders_check");
    auto taken = orders();
    taken.taken_constraint("orders_number_check", false, "c", true, "CHECK ((number > 0))");
    EXPECT_EQ(named(taken, "CHECK (number > 0)"), "orders_number_check1");
    EXPECT_THAT(named(c, "CHECK (orders IS NOT NULL)"), HasSubstr("is not certain"));
}

TEST(alter_plan, takes_up_what_an_earlier_run_left) {
    auto c = orders();
    c.taken_constraint("k", true, "c", false, "CHECK (((note)::text = ANY ((ARRAY['a'::character varying])::text[]))) NOT VALID");
    const auto d = c.judged("ALTER TABLE orders ADD CONSTRAINT k CHECK (note IN ('a'))");
    ASSERT_TRUE(d.replacement) << steps(d).front();
    EXPECT_THAT(d.replacement->steps[0].unless, HasSubstr("k.conname"));
    EXPECT_THAT(undos(d), ElementsAre("", ""));
    EXPECT_THAT(steps(c.judged("ALTER TABLE orders ADD CONSTRAINT k CHECK (note IN ('b'))")).front(),
                HasSubstr("not known to be the same"));
    EXPECT_THAT(steps(c.judged("ALTER TABLE orders ADD CONSTRAINT k CHECK (note NOT IN ('a'))")).front(),
                HasSubstr("not known to be the same"));
}

TEST(alter_plan, says_why_there_is_none) {
    const std::string sql = "ALTER TABLE orders ADD CONSTRAINT k CHECK (number > 0)";
    const std::string two = "ALTER TABLE orders ADD CONSTRAINT k CHECK (number > 0), ADD CONSTRAINT l CHECK (number > 1)";
    const auto reason = [](const policy::decision& d) {
        EXPECT_EQ(d.action, action::reject);
        return policy::leading_finding(d)->hint;
    };
    EXPECT_THAT(reason(orders().judged(two, policy_test::in_transaction())), HasSubstr("outside of one"));
    EXPECT_THAT(reason(orders().judged(sql + "; SELECT 1")), HasSubstr("a message of its own"));
    EXPECT_THAT(reason(policy_test::judged(sql)), HasSubstr("With the catalog at hand"));
    EXPECT_THAT(reason(orders().judged(sql + ", DROP CONSTRAINT k2")), HasSubstr("a statement of its own"));
}

// Where the setting of standard_conforming_strings decides about what is a literal, nothing is cut.
TEST(alter_plan, leaves_a_text_in_doubt_alone) {
    const std::string sql = R"(ALTER TABLE orders ADD CONSTRAINT k CHECK (note <> '\'), ADD CONSTRAINT l CHECK (note <> 'a'))";
    const auto read = [&](policy::lexing how) { return orders().judged(sql, {}, how).action; };
    EXPECT_EQ(read({}), action::rewrite);
    EXPECT_EQ(read({.standard_conforming_strings = false}), action::reject);
    EXPECT_EQ(read({.in_doubt = true}), action::reject);
}

TEST(alter_plan, proves_not_null_by_a_check_before_18) {
    const auto d = orders().judged("ALTER TABLE orders ALTER note SET NOT NULL");
    const auto all = steps(d);
    ASSERT_EQ(all.size(), 3u) << all.front();
    EXPECT_EQ(all[0], "ALTER TABLE orders ADD CONSTRAINT \"orders_note_lockkeeper\" CHECK (\"note\" IS NOT NULL) NOT VALID");
    EXPECT_THAT(all[1], HasSubstr("ALTER TABLE orders VALIDATE CONSTRAINT \"orders_note_lockkeeper\""));
    EXPECT_THAT(all[1], HasSubstr("column \"note\" of relation \"orders\" contains null values"));
    EXPECT_EQ(all[2], "ALTER TABLE orders ALTER note SET NOT NULL");
    EXPECT_THAT(d.replacement->steps[2].and_then, ElementsAre("ALTER TABLE orders DROP CONSTRAINT IF EXISTS \"orders_note_lockkeeper\""));
}

TEST(alter_plan, a_proof_that_an_earlier_run_has_left_is_used_and_dropped) {
    auto c = orders();
    c.taken_constraint("orders_note_lockkeeper", true, "c", true, "CHECK ((note IS NOT NULL))");
    const auto d = c.judged("ALTER TABLE orders ALTER note SET NOT NULL");
    ASSERT_EQ(steps(d).size(), 3u) << steps(d).front();
    EXPECT_THAT(d.replacement->steps[0].unless, HasSubstr("orders_note_lockkeeper"));
    EXPECT_THAT(d.replacement->steps[2].and_then, ElementsAre("ALTER TABLE orders DROP CONSTRAINT IF EXISTS \"orders_note_lockkeeper\""));
}

TEST(alter_plan, adds_not_null_not_valid_since_18) {
    const auto d = orders().judged("ALTER TABLE orders ALTER note SET NOT NULL", on_server(18));
    EXPECT_THAT(steps(d), ElementsAre("ALTER TABLE orders ADD CONSTRAINT \"orders_note_not_null\" NOT NULL \"note\" NOT VALID",
                                      "ALTER TABLE orders VALIDATE CONSTRAINT \"orders_note_not_null\""));
}

TEST(alter_plan, builds_the_index_of_a_key_concurrently) {
    const auto d = orders().judged(
        "ALTER TABLE orders ADD UNIQUE NULLS NOT DISTINCT (number, id) INCLUDE (note) WITH (fillfactor = 70) USING INDEX "
        "TABLESPACE fast DEFERRABLE INITIALLY DEFERRED");
    EXPECT_THAT(steps(d), ElementsAre("CREATE UNIQUE INDEX CONCURRENTLY \"orders_number_id_note_key\" ON \"public\".\"orders\" "
                                      "(\"number\", \"id\") INCLUDE (\"note\") NULLS NOT DISTINCT WITH (fillfactor = 70) "
                                      "TABLESPACE fast",
                                      "ALTER TABLE orders ADD CONSTRAINT \"orders_number_id_note_key\" UNIQUE USING INDEX "
                                      "\"orders_number_id_note_key\" DEFERRABLE INITIALLY DEFERRED"));
    EXPECT_THAT(undos(d), ElementsAre("DROP INDEX CONCURRENTLY IF EXISTS \"public\".\"orders_number_id_note_key\"", ""));
    ASSERT_TRUE(d.replacement);
    EXPECT_THAT(d.replacement->steps[0].undo_if, HasSubstr("NOT i.indisvalid"));
    EXPECT_THAT(d.replacement->steps[0].undo_done_if, Not(HasSubstr("indisvalid")));
}

TEST(alter_plan, drops_an_invalid_leftover_of_a_key_first) {
    auto c = orders();
    c.taken_index("k", false, "CREATE UNIQUE INDEX k ON public.orders USING btree (number)");
    EXPECT_THAT(steps(c.judged("ALTER TABLE orders ADD CONSTRAINT k UNIQUE (number)")).front(),
                "DROP INDEX CONCURRENTLY IF EXISTS \"public\".\"k\"");
    EXPECT_THAT(steps(c.judged("ALTER TABLE orders ADD CONSTRAINT k UNIQUE (note)")).front(),
                HasSubstr("not known to be the same"));
}

TEST(alter_plan, makes_the_columns_of_a_primary_key_not_null) {
    const auto on_not_null = orders().judged("ALTER TABLE orders ADD PRIMARY KEY (id)");
    EXPECT_THAT(steps(on_not_null),
                ElementsAre("CREATE UNIQUE INDEX CONCURRENTLY \"orders_pkey\" ON \"public\".\"orders\" (\"id\")",
                            "ALTER TABLE orders ADD CONSTRAINT \"orders_pkey\" PRIMARY KEY USING INDEX \"orders_pkey\""));
    const auto d = orders().judged("ALTER TABLE orders ADD PRIMARY KEY (number)");
    const auto all = steps(d);
    ASSERT_EQ(all.size(), 4u) << all.front();
    EXPECT_THAT(all[0], HasSubstr("CHECK (\"number\" IS NOT NULL) NOT VALID"));
    EXPECT_THAT(d.replacement->steps[3].and_then, ElementsAre(HasSubstr("DROP CONSTRAINT IF EXISTS \"orders_number_lockkeeper\"")));
}

TEST(alter_plan, adds_a_column_before_its_constraints) {
    const auto d = orders().judged("ALTER TABLE orders ADD COLUMN score int CHECK (score > 0) DEFAULT 1 CONSTRAINT n UNIQUE DEFERRABLE NOT NULL");
    EXPECT_THAT(steps(d), ElementsAre("ALTER TABLE orders ADD COLUMN score int  DEFAULT 1  NOT NULL",
                                      "ALTER TABLE orders ADD CONSTRAINT \"orders_score_check\" CHECK (score > 0) NOT VALID",
                                      "ALTER TABLE orders VALIDATE CONSTRAINT \"orders_score_check\"",
                                      "CREATE UNIQUE INDEX CONCURRENTLY \"n\" ON \"public\".\"orders\" (\"score\")",
                                      "ALTER TABLE orders ADD CONSTRAINT \"n\" UNIQUE USING INDEX \"n\" DEFERRABLE"));
    const auto& all = d.replacement->steps;
    EXPECT_EQ(all[0].undo, "ALTER TABLE orders DROP COLUMN IF EXISTS \"score\"");
    EXPECT_THAT(all[0].undo_if, HasSubstr("lockkeeper:"));
    EXPECT_THAT(all[0].and_then, ElementsAre(HasSubstr("COMMENT ON")));
    EXPECT_THAT(all[4].and_then, ElementsAre("COMMENT ON COLUMN \"public\".\"orders\".\"score\" IS NULL"));
}

TEST(alter_plan, goes_on_with_a_column_that_a_killed_run_of_the_same_statement_has_left) {
    const std::string sql = "ALTER TABLE orders ADD COLUMN IF NOT EXISTS score int CHECK (score > 0)";
    const auto judged = [&](const std::string& comment) {
        auto c = orders().marked_column("score", comment);
        c.taken_constraint("orders_score_check", true, "c", true, "CHECK ((score > 0))");
        return c.judged(sql);
    };
    const auto again = judged("lockkeeper:4711::" + sql + "\n");
    ASSERT_EQ(steps(again).size(), 3u) << steps(again).front();
    EXPECT_THAT(again.replacement->steps[0].unless, HasSubstr("pg_stat_activity"));
    EXPECT_THAT(again.replacement->steps[1].unless, HasSubstr("orders_score_check"));
    for (const auto& other : {"", "lockkeeper:4711::ALTER TABLE orders ADD COLUMN score int\n", "lockkeeper: mine"})
        EXPECT_FALSE(judged(other).replacement && judged(other).replacement->steps.size() == 3u) << other;
}

TEST(alter_plan, understands_the_column_that_django_adds) {
    const std::string key = " CONSTRAINT n REFERENCES people (id) DEFERRABLE INITIALLY DEFERRED; SET CONSTRAINTS n IMMEDIATE";
    const auto c = orders().other("people", "16999");
    EXPECT_THAT(steps(c.judged("ALTER TABLE orders ADD COLUMN p integer DEFAULT 1 NOT NULL" + key)),
                ElementsAre("ALTER TABLE orders ADD COLUMN p integer DEFAULT 1 NOT NULL",
                            "ALTER TABLE orders ADD CONSTRAINT \"n\" FOREIGN KEY (\"p\") REFERENCES people (id) DEFERRABLE "
                            "INITIALLY DEFERRED NOT VALID",
                            "ALTER TABLE orders VALIDATE CONSTRAINT \"n\""));
    // Without values there is nothing to check.
    EXPECT_EQ(c.judged("ALTER TABLE orders ADD COLUMN p integer NULL" + key).action, action::allow);
}

TEST(alter_plan, splits_several_actions) {
    EXPECT_THAT(steps(orders().judged("ALTER TABLE orders VALIDATE CONSTRAINT k, ADD COLUMN score int")),
                ElementsAre("ALTER TABLE orders VALIDATE CONSTRAINT k", "ALTER TABLE orders ADD COLUMN score int"));
    EXPECT_THAT(steps(orders().judged("ALTER TABLE orders ADD COLUMN score int, ADD CHECK (score > number), ALTER note SET DEFAULT 'x'")),
                ElementsAre("ALTER TABLE orders ADD COLUMN score int",
                            "ALTER TABLE orders ADD CONSTRAINT \"orders_check\" CHECK (score > number) NOT VALID",
                            "ALTER TABLE orders VALIDATE CONSTRAINT \"orders_check\"",
                            "ALTER TABLE orders ALTER note SET DEFAULT 'x'"));
    const auto d = orders().judged("ALTER TABLE orders ALTER note SET NOT NULL, ALTER number SET NOT NULL");
    const auto two = steps(d);
    ASSERT_EQ(two.size(), 5u);
    EXPECT_EQ(two[4], "ALTER TABLE orders ALTER note SET NOT NULL, ALTER number SET NOT NULL");
    EXPECT_THAT(d.replacement->steps[4].and_then, ElementsAre("ALTER TABLE orders DROP CONSTRAINT IF EXISTS \"orders_note_lockkeeper\", DROP "
                                                              "CONSTRAINT IF EXISTS \"orders_number_lockkeeper\""));
}

policy_test::catalog partitioned(const std::string& key) {
    auto c = policy_test::catalog().kind("p").column("id", true).other("events_2", "16999");
    return c.partition_key(key);
}

TEST(alter_plan, proves_that_the_rows_of_a_partition_fit) {
    const auto d = partitioned("1").judged("ALTER TABLE orders ATTACH PARTITION events_2 FOR VALUES FROM (1000) TO (MAXVALUE)");
    const auto all = steps(d);
    ASSERT_EQ(all.size(), 3u) << all.front();
    EXPECT_EQ(all[0], "ALTER TABLE \"public\".\"events_2\" ADD CONSTRAINT \"events_2_partition_lockkeeper\" CHECK (\"id\" IS NOT "
                      "NULL AND \"id\" >= '1000') NOT VALID");
    EXPECT_THAT(all[1], HasSubstr("partition constraint of relation \"events_2\" is violated by some row"));
    EXPECT_EQ(all[2], "ALTER TABLE orders ATTACH PARTITION events_2 FOR VALUES FROM (1000) TO (MAXVALUE)");
    EXPECT_THAT(d.replacement->steps[2].and_then,
                ElementsAre("ALTER TABLE \"public\".\"events_2\" DROP CONSTRAINT IF EXISTS \"events_2_partition_lockkeeper\""));
    const auto listed = steps(partitioned("1").judged("ALTER TABLE orders ATTACH PARTITION events_2 FOR VALUES IN (1, -2)"));
    EXPECT_THAT(listed.front(), HasSubstr("CHECK (\"id\" IS NOT NULL AND \"id\" IN (1, -2)) NOT VALID"));
    for (const char* bound : {"FOR VALUES IN (1, NULL)", "FOR VALUES IN (f(1))", "DEFAULT", "FOR VALUES FROM (1, 2) TO (1, 3)"})
        EXPECT_THAT(steps(partitioned("1").judged(std::string("ALTER TABLE orders ATTACH PARTITION events_2 ") + bound)).front(),
                    HasSubstr("not plain constants"))
            << bound;
    EXPECT_THAT(steps(partitioned("0").judged("ALTER TABLE orders ATTACH PARTITION events_2 FOR VALUES IN (1)")).front(),
                HasSubstr("not plain constants"));
}

}  // namespace
