#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/catalog_rows.hpp"
#include "support/judged.hpp"

// What changes rows in parts, as text. That it leaves what the statement would have left is tried on a server:
// tests/integration/test_plans_optin.py.
namespace {

using config::action;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

policy_test::catalog orders() { return policy_test::catalog().column("id", true).column("number").column("note").primary_key("id"); }

std::string reason(const policy::decision& d) {
    EXPECT_FALSE(d.replacement);
    EXPECT_EQ(d.action, action::reject);
    return policy::leading_finding(d) ? policy::leading_finding(d)->hint : "";
}

constexpr auto add_token = "ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid()";

TEST(parts_plan, adds_a_column_without_values_and_fills_it) {
    const auto d = orders().judged(std::string(add_token) + " NOT NULL");
    ASSERT_TRUE(d.replacement) << policy::leading_finding(d)->hint;
    const auto& all = d.replacement->steps;
    ASSERT_EQ(all.size(), 6u);
    EXPECT_EQ(all[0].sql, "ALTER TABLE orders ADD COLUMN token uuid, ALTER COLUMN \"token\" SET DEFAULT gen_random_uuid()");
    EXPECT_EQ(all[0].undo, "ALTER TABLE orders DROP COLUMN IF EXISTS \"token\"");
    for (const auto* s : {&all[1], &all[2]}) {
        EXPECT_EQ(s->timeouts, policy::timeout_class::online);
        EXPECT_THAT(s->sql, AllOf(HasSubstr("UPDATE \"public\".\"orders\" SET \"token\" = DEFAULT\n"), HasSubstr("AND \"token\" IS NULL RETURNING"),
                                  HasSubstr("LIMIT $1"), Not(HasSubstr("$2"))));
        EXPECT_THAT(s->next, HasSubstr("WHERE ROW(\"id\") OPERATOR(pg_catalog.>) ROW($2::pg_catalog.text::pg_catalog.int4) AND "
                                       "ROW(\"id\") OPERATOR(pg_catalog.<=) (SELECT \"id\" FROM _lockkeeper_end)"));
        EXPECT_THAT(s->next, HasSubstr("WHERE ROW(\"id\") OPERATOR(pg_catalog.<=) ROW($3::pg_catalog.text::pg_catalog.int4)"));
    }
    EXPECT_THAT(all[3].sql, HasSubstr("CHECK (\"token\" IS NOT NULL) NOT VALID"));
    EXPECT_THAT(all[4].sql, HasSubstr("VALIDATE"));
    EXPECT_EQ(all[5].sql, "ALTER TABLE orders ALTER COLUMN \"token\" SET NOT NULL");
    EXPECT_THAT(all[5].and_then, ElementsAre(HasSubstr("DROP CONSTRAINT"), "COMMENT ON COLUMN \"public\".\"orders\".\"token\" IS NULL"));
    EXPECT_FALSE(d.replacement->deferrable);
}

TEST(parts_plan, a_column_that_may_be_null_loses_its_mark_in_the_end) {
    const auto d = orders().judged(add_token);
    ASSERT_TRUE(d.replacement);
    const auto& all = d.replacement->steps;
    ASSERT_EQ(all.size(), 4u);
    EXPECT_EQ(all[3].sql, "COMMENT ON COLUMN \"public\".\"orders\".\"token\" IS NULL");
    EXPECT_TRUE(all[3].next.empty());
}

TEST(parts_plan, leaves_the_rest_of_the_definition_as_it_was_written) {
    const auto d = orders().judged(
        "ALTER TABLE ONLY orders ADD COLUMN IF NOT EXISTS token text COLLATE \"C\" CONSTRAINT n NOT NULL /* , */ DEFAULT "
        "(random()::text || ',') CHECK (token > ''), ADD COLUMN other int DEFAULT 1");
    ASSERT_TRUE(d.replacement) << policy::leading_finding(d)->hint;
    const auto& first = d.replacement->steps[0].sql;
    EXPECT_THAT(first, HasSubstr("ADD COLUMN IF NOT EXISTS token text COLLATE \"C\" "));
    EXPECT_THAT(first, HasSubstr(", ALTER COLUMN \"token\" SET DEFAULT (random()::text || ',')"));
    EXPECT_THAT(first, Not(testing::ContainsRegex("NOT NULL|CHECK|other")));
    EXPECT_THAT(d.replacement->steps.back().sql, HasSubstr("ADD COLUMN other int DEFAULT 1"));
}

TEST(parts_plan, says_why_rows_are_not_filled) {
    EXPECT_THAT(reason(policy_test::catalog().column("id", true).judged(add_token)), HasSubstr("no primary key"));
    EXPECT_THAT(reason(policy_test::catalog().column("id").primary_key("id").judged(add_token)), HasSubstr("no primary key"));
    for (const auto* letters : {"ua", "r", "sf"})
        EXPECT_THAT(reason(orders().hooks(letters).judged(add_token)), HasSubstr("triggers")) << letters;
    EXPECT_TRUE(orders().hooks("usd").judged(add_token).replacement);  // for other columns, or for DELETE
    EXPECT_THAT(reason(orders().judged(add_token, policy_test::in_transaction())), HasSubstr("outside of one"));
    EXPECT_THAT(reason(policy_test::judged(add_token)), HasSubstr("With the catalog at hand"));
}

TEST(parts_plan, fills_nothing_where_the_rule_is_not_to_rewrite) {
    config::settings settings;
    settings.rules["column-with-volatile-default"] = action::reject;
    EXPECT_EQ(orders().judged(add_token, {}, {}, settings).action, action::reject);
    settings.rules["column-with-volatile-default"] = action::allow;
    const auto d = orders().judged(std::string(add_token) + " CHECK (token IS NOT NULL)", {}, {}, settings);
    ASSERT_TRUE(d.replacement);
    EXPECT_EQ(d.replacement->steps[0].sql, add_token);
}

config::settings rows_in_parts() {
    config::settings settings;
    settings.rules["update-without-where"] = settings.rules["delete-without-where"] = action::rewrite;
    return settings;
}

policy::decision changed(const policy_test::catalog& c, std::string_view sql, const policy::session_facts& session = {}) {
    return c.judged(sql, session, {}, rows_in_parts());
}

TEST(parts_plan, changes_all_rows_along_the_key) {
    const auto d = changed(orders(), "UPDATE ONLY orders AS o SET number = 1, note = o.id::text || 'x' -- all\n;");
    ASSERT_TRUE(d.replacement) << policy::leading_finding(d)->hint;
    ASSERT_EQ(d.replacement->steps.size(), 1u);
    const auto& s = d.replacement->steps[0];
    for (const auto* sql : {&s.sql, &s.next}) {
        EXPECT_THAT(*sql, HasSubstr("(UPDATE ONLY orders AS o SET number = 1, note = o.id::text || 'x' -- all\nWHERE "));
        EXPECT_THAT(*sql, HasSubstr("FROM ONLY \"public\".\"orders\""));
    }
    EXPECT_EQ(d.replacement->tag, "UPDATE");
    EXPECT_TRUE(d.replacement->counts_rows);
    const auto gone = changed(orders(), "DELETE FROM orders");
    ASSERT_TRUE(gone.replacement);
    EXPECT_THAT(gone.replacement->steps[0].next, HasSubstr("(DELETE FROM orders\nWHERE "));
}

TEST(parts_plan, changes_no_row_in_parts_where_that_is_not_the_same) {
    for (const auto& [sql, why] : std::vector<std::pair<std::string, std::string>>{
             {"UPDATE orders SET number = number + 1", "from one that it changes"},
             {"UPDATE orders SET number = note::int, note = 'x'", "from one that it changes"},
             {"UPDATE orders AS o SET note = o::text", "whole rows"},
             {"UPDATE orders SET note = now()", "calls a function"},
             {"UPDATE orders SET note = CURRENT_DATE", "calls a function"},
             {"UPDATE orders SET note = 'I know: Now '", "names a moment"},
             {"UPDATE orders SET note = (SELECT 1)", "sub-select"},
             {"UPDATE orders SET (number, note) = (SELECT 1, 2)", "in parts"},
             {"UPDATE orders SET number = DEFAULT", "sets a default"},
             {"UPDATE orders SET note[1] = 'x'", "part of a column"},
             {"UPDATE orders SET note = o FROM orders AS o", "WITH or FROM"},
             {"UPDATE orders SET number = 1 RETURNING id", "RETURNING"},
             {"UPDATE orders SET number = $1", "parameters"},
             {"UPDATE orders SET id = 1", "no primary key"},
             {"WITH x AS (UPDATE orders SET number = 1 RETURNING 1) SELECT 1", "stands alone"},
             {"EXPLAIN ANALYZE UPDATE orders SET number = 1", "stands alone"},
             {"UPDATE orders SET number = 1; SELECT 1", "stands alone"},
             {"DELETE FROM orders USING orders AS o", "WITH or USING"}})
        EXPECT_THAT(reason(changed(orders(), sql)), HasSubstr(why)) << sql;
    EXPECT_THAT(reason(changed(orders(), "DELETE FROM orders", policy_test::in_transaction())), HasSubstr("ROLLBACK"));
    EXPECT_THAT(reason(changed(orders().hooks("d"), "DELETE FROM orders")), HasSubstr("triggers"));
    EXPECT_THAT(reason(changed(orders().hooks("u"), "UPDATE orders SET number = 1")), HasSubstr("triggers"));
    EXPECT_TRUE(changed(orders().hooks("d"), "UPDATE orders SET number = 'know' || id").replacement);
}

TEST(parts_plan, a_transaction_is_not_split_for_rows) {
    auto settings = rows_in_parts();
    settings.transactions = config::transactions::split;
    EXPECT_THAT(reason(orders().judged("DELETE FROM orders", policy_test::in_transaction(), {}, settings)), HasSubstr("ROLLBACK"));
}

TEST(parts_plan, a_small_table_is_changed_at_once) {
    auto settings = rows_in_parts();
    settings.small_table = 2'000'000'000;
    EXPECT_EQ(orders().judged("DELETE FROM orders", {}, {}, settings).action, action::allow);
    EXPECT_EQ(orders().judged("DELETE FROM orders").action, action::warn);
}

}  // namespace
