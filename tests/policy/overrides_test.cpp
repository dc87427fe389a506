#include "policy/overrides.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/parse.hpp"
#include "policy/pattern.hpp"
#include "policy/split.hpp"
#include "support/judged.hpp"

namespace {

using namespace policy;
using namespace policy_test;
using config::action;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<override_words> overrides_in(std::string_view sql) { return find_overrides(sql, {}, parse(sql, true)); }

TEST(overrides, are_read_from_both_kinds_of_comments) {
    for (const char* sql : {"/* lockkeeper: allow table-renamed, column-dropped reason=\"OPS-12\" */ DROP TABLE t",
                            "-- lockkeeper: allow table-renamed column-dropped reason = \"OPS-12\"\nDROP TABLE t",
                            "DROP /*lockkeeper: allow table-renamed,column-dropped reason=\"OPS-12\"*/ TABLE t"}) {
        const auto found = overrides_in(sql);
        ASSERT_EQ(found.size(), 1u) << sql;
        EXPECT_THAT(found[0].rules, ElementsAre("table-renamed", "column-dropped"));
        EXPECT_EQ(found[0].reason, "OPS-12");
        EXPECT_EQ(found[0].mistake, "") << sql;
    }
}

TEST(overrides, are_not_found_where_there_is_no_comment) {
    for (const char* sql : {"SELECT '/* lockkeeper: allow truncate reason=\"x\" */'; TRUNCATE t",
                            "SELECT $$-- lockkeeper: allow truncate reason=\"x\"\n$$; TRUNCATE t",
                            "SELECT \"/* lockkeeper: allow truncate */\"; TRUNCATE t",
                            "/* we like lockkeeper: allow truncate */ TRUNCATE t"})
        EXPECT_TRUE(overrides_in(sql).empty()) << sql;
}

TEST(overrides, belong_to_the_statement_that_they_stand_before_or_in) {
    const auto found = overrides_in("/* lockkeeper: allow a reason=\"x\" */ TRUNCATE t /* lockkeeper: allow b reason=\"x\" */; "
                                    "-- lockkeeper: allow c reason=\"x\"\n TRUNCATE u; /* lockkeeper: allow d reason=\"x\" */");
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found[0].statement, 0u);
    EXPECT_EQ(found[1].statement, 0u);
    EXPECT_EQ(found[2].statement, 1u);
    EXPECT_EQ(found[3].statement, 1u);
}

TEST(overrides, say_what_is_wrong_with_them) {
    EXPECT_THAT(overrides_in("/* lockkeeper: deny truncate */ TRUNCATE t").at(0).mistake, HasSubstr("allow"));
    EXPECT_THAT(overrides_in("/* lockkeeper: allow */ TRUNCATE t").at(0).mistake, HasSubstr("no rule"));
    EXPECT_THAT(overrides_in("/* lockkeeper: allow truncate; because */ TRUNCATE t").at(0).mistake, HasSubstr("reason"));
    EXPECT_THAT(overrides_in("/* lockkeeper: allow truncate reason=\"open */ TRUNCATE t").at(0).mistake, HasSubstr("reason"));
}

TEST(overrides, set_a_rule_aside_and_are_kept_for_the_audit) {
    const auto d = judged("/* lockkeeper: allow table-renamed reason=\"OPS-12\" */ ALTER TABLE t RENAME TO u; ALTER TABLE a RENAME TO b");
    ASSERT_EQ(d.statements.size(), 2u);
    EXPECT_TRUE(d.statements[0].findings.empty());
    ASSERT_EQ(d.statements[0].overrides.size(), 1u);
    EXPECT_EQ(d.statements[0].overrides[0].rule, "table-renamed");
    EXPECT_EQ(d.statements[0].overrides[0].reason, "OPS-12");
    EXPECT_EQ(rule_of(d), "table-renamed");  // the second statement's
}

TEST(overrides, that_cannot_be_heeded_are_refused) {
    const auto answer = [](std::string_view comment, const config::settings& settings = {}) {
        session_facts session;
        session.user = "deploy";
        const auto d = judged(std::string(comment) + " ALTER TABLE t ADD a int", session, settings);
        return d.action == action::reject ? leading_finding(d)->message : std::string();
    };
    EXPECT_THAT(answer("/* lockkeeper: allow tabel-renamed reason=\"x\" */"), HasSubstr("did you mean 'table-renamed'?"));
    EXPECT_THAT(answer("/* lockkeeper: allow table-renamed */"), HasSubstr("no reason"));
    EXPECT_THAT(answer("/* lockkeeper: allow override-not-valid, nothing reason=\"x\" */"), HasSubstr("unknown rule"));
    config::settings some;
    some.overrides.users = "dba, admin_*";
    EXPECT_THAT(answer("/* lockkeeper: allow table-renamed reason=\"x\" */", some), HasSubstr("deploy may not"));
    some.overrides.users = "dba, dep*";
    EXPECT_EQ(answer("/* lockkeeper: allow table-renamed reason=\"x\" */", some), "");
}

TEST(overrides, are_not_heeded_where_the_text_can_be_read_in_two_ways) {
    const auto d = judge(read_script(R"(/* lockkeeper: allow table-renamed reason="x" */ SELECT '\'; ALTER TABLE t RENAME TO x; --')", {false}),
                         {}, {}, {});
    EXPECT_EQ(d.action, action::reject);
}

TEST(pattern, a_star_stands_for_any_characters) {
    EXPECT_TRUE(matches("orders", "orders"));
    EXPECT_TRUE(matches("orders", "o*r*s"));
    EXPECT_TRUE(matches("", "*"));
    EXPECT_FALSE(matches("orders", "order"));
    EXPECT_FALSE(matches("orders", "*x*"));
    EXPECT_TRUE(matches_any("b", "a, b ,c"));
    EXPECT_FALSE(matches_any("b", ""));
}

TEST(split, cuts_where_psql_does) {
    const auto cut = [](std::string_view sql) { return split(sql, {}); };
    EXPECT_THAT(cut("SELECT 1; ;SELECT ';' ;-- end;\n"), ElementsAre("SELECT 1", "SELECT ';' "));
    EXPECT_THAT(cut("-- why\nALTER TABL x; SELECT 2"), ElementsAre("-- why\nALTER TABL x", "SELECT 2"));
    EXPECT_THAT(cut("CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3"), testing::SizeIs(2));
    EXPECT_THAT(cut("CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3"),
                testing::SizeIs(2));
    EXPECT_THAT(cut("DO $$ BEGIN x; END $$; SELECT 1"), testing::SizeIs(2));
    EXPECT_THAT(cut("SELECT 'open; SELECT 1"), testing::SizeIs(1));
    EXPECT_THAT(cut(""), testing::IsEmpty());
}

}  // namespace
