#include "policy/rerun.hpp"

#include <gtest/gtest.h>

namespace {

policy::plan index_plan() {
    policy::plan p;
    p.relation = "public.t";
    p.object = "t_c";
    p.builds = "CREATE INDEX CONCURRENTLY t_c ON t (c)";
    p.steps.push_back({.sql = p.builds, .undo = "DROP INDEX CONCURRENTLY IF EXISTS t_c", .undo_if = "SELECT invalid"});
    return p;
}

// Of the table that is meant, valid, definition, somebody is at work on the table.
policy::catalog_rows found(const char* of_table, const char* valid, const char* definition, const char* busy) {
    return {{of_table, valid, definition, busy}};
}

constexpr const char* same = "CREATE INDEX t_c ON public.t USING btree (c)";
constexpr const char* other = "CREATE INDEX t_c ON public.t USING btree (c, id)";

TEST(rerun, builds_what_is_not_there) {
    auto p = index_plan();
    EXPECT_EQ(prepare_rerun(p, {}), "");
    EXPECT_EQ(p.steps.size(), 1u);
}

TEST(rerun, does_not_build_the_very_index_that_is_there) {
    auto p = index_plan();
    p.steps.push_back({.sql = "ALTER TABLE t ADD UNIQUE USING INDEX t_c"});
    EXPECT_EQ(prepare_rerun(p, found("t", "t", same, "f")), "");
    ASSERT_EQ(p.steps.size(), 1u);
    EXPECT_EQ(p.steps[0].sql, "ALTER TABLE t ADD UNIQUE USING INDEX t_c");
}

TEST(rerun, drops_first_what_was_left_invalid) {
    auto p = index_plan();
    const auto next = prepare_rerun(p, found("t", "f", same, "f"));
    EXPECT_EQ(next, "");
    ASSERT_EQ(p.steps.size(), 2u);
    EXPECT_EQ(p.steps[0].sql, "DROP INDEX CONCURRENTLY IF EXISTS t_c");
    EXPECT_EQ(p.steps[0].unless, "SELECT NOT (SELECT invalid)");
}

TEST(rerun, touches_nothing_that_may_be_somebody_elses) {
    for (const auto& there : {found("t", "t", other, "f"), found("t", "f", other, "f"), found("f", "t", same, "f"), found("t", "f", same, "t"),
                              policy::catalog_rows{{"f", "t", std::nullopt, "f"}}}) {
        auto p = index_plan();
        const auto next = prepare_rerun(p, there);
        EXPECT_NE(next, "");
        EXPECT_EQ(p.steps.size(), 1u);
    }
}

TEST(rerun, asks_only_about_indexes) {
    EXPECT_TRUE(rerun_question(index_plan()));
    EXPECT_FALSE(rerun_question(policy::plan{}));
}

}  // namespace
