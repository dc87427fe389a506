#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/catalog_rows.hpp"
#include "support/judged.hpp"

namespace {

using config::action;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr auto rename = "ALTER TABLE orders RENAME TO purchases";

policy::decision renamed(const policy_test::catalog& c, std::string_view sql, const policy::session_facts& session = {}) {
    config::settings settings;
    settings.rules["table-renamed"] = action::rewrite;
    return c.judged(sql, session, {}, settings);
}

TEST(rename_plan, leaves_a_view_under_the_old_name) {
    const auto d = renamed(policy_test::catalog(), rename);
    ASSERT_TRUE(d.replacement) << policy::leading_finding(d)->hint;
    ASSERT_EQ(d.replacement->steps.size(), 1u);
    const auto& s = d.replacement->steps[0];
    EXPECT_EQ(s.sql, rename);
    EXPECT_EQ(s.timeouts, policy::timeout_class::blocking);
    EXPECT_THAT(s.and_then, ElementsAre("CREATE VIEW \"public\".\"orders\" WITH (security_invoker = true) AS SELECT * FROM \"public\".\"purchases\"",
                                        HasSubstr("'lockkeeper: stands in for public.purchases; "), HasSubstr("aclexplode")));
    EXPECT_TRUE(policy::fits_inside(*d.replacement));
}

TEST(rename_plan, runs_in_a_transaction_block_as_well) {
    EXPECT_TRUE(renamed(policy_test::catalog(), rename, policy_test::in_transaction()).replacement);
    auto pipelined = policy_test::in_transaction();
    pipelined.pipelined = true;
    EXPECT_EQ(renamed(policy_test::catalog(), rename, pipelined).action, action::reject);
}

TEST(rename_plan, a_view_of_an_older_server_would_get_around_row_security) {
    policy::session_facts old;
    old.server_version = 14;
    const auto d = renamed(policy_test::catalog(), rename, old);
    ASSERT_TRUE(d.replacement);
    EXPECT_EQ(d.replacement->steps[0].and_then[0], "CREATE VIEW \"public\".\"orders\" AS SELECT * FROM \"public\".\"purchases\"");
    const auto secured = renamed(policy_test::catalog().hooks("s"), rename, old);
    EXPECT_EQ(secured.action, action::reject);
    EXPECT_THAT(policy::leading_finding(secured)->hint, HasSubstr("row level security"));
    EXPECT_TRUE(renamed(policy_test::catalog().hooks("s"), rename).replacement);
}

TEST(rename_plan, is_made_for_tables_and_where_it_is_wanted) {
    EXPECT_EQ(policy_test::catalog().judged(rename).action, action::reject);
    EXPECT_EQ(renamed(policy_test::catalog().kind("m"), rename).action, action::reject);
    EXPECT_EQ(renamed(policy_test::catalog(), "ALTER TABLE orders RENAME COLUMN a TO b").action, action::reject);
    EXPECT_TRUE(renamed(policy_test::catalog().kind("p"), rename).replacement);
}

}  // namespace
