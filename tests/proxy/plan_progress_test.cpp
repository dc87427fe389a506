#include "proxy/plan_progress.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using proxy::plan_progress;

const plan_progress::time begun{1h};

policy::plan two_steps() { return {.steps = {{.sql = "ONE", .why = "the first"}, {.sql = "TWO", .why = "the second"}}}; }

std::string told(plan_progress& p, plan_progress::time now, bool waiting = false) { return std::string(p.notice(now, waiting).get('M')); }

TEST(plan_progress, tells_nothing_of_what_is_done_soon) {
    plan_progress p(begun);
    EXPECT_FALSE(p.due()) << "no step has begun";
    EXPECT_FALSE(p.enter(two_steps(), {.sql = "ONE", .step = 0}, begun));
    EXPECT_EQ(p.due(), begun + 2s);
    EXPECT_FALSE(p.enter(two_steps(), {.sql = "TWO", .step = 1}, begun + 1s));
    EXPECT_EQ(p.due(), begun + 2s);
    EXPECT_EQ(told(p, begun + 2s), "lockkeeper: step 2 of 2, 1 s: TWO");
}

TEST(plan_progress, tells_each_step_once_it_has_begun_to) {
    plan_progress p(begun);
    p.enter(two_steps(), {.sql = "ONE", .step = 0}, begun);
    EXPECT_EQ(told(p, begun + 3s), "lockkeeper: step 1 of 2, 3 s: ONE");
    EXPECT_EQ(p.due(), begun + 13s);
    EXPECT_TRUE(p.enter(two_steps(), {.sql = "TWO", .step = 1}, begun + 5s));
    EXPECT_EQ(told(p, begun + 5s), "lockkeeper: step 2 of 2: TWO");
    EXPECT_EQ(p.due(), begun + 15s);
    EXPECT_EQ(told(p, begun + 15s, true), "lockkeeper: step 2 of 2, 10 s, waiting for its lock: TWO");
}

TEST(plan_progress, tells_the_reason_too) {
    plan_progress p(begun);
    p.enter(two_steps(), {.sql = "ONE", .step = 0}, begun);
    const auto notice = p.notice(begun + 2s, false);
    EXPECT_EQ(notice.get('S'), "NOTICE");
    EXPECT_EQ(notice.get('D'), "the first");
}

TEST(plan_progress, of_a_long_statement_tells_the_reason_only) {
    plan_progress p(begun);
    p.enter(two_steps(), {.sql = std::string(1000, 'x'), .step = 0}, begun);
    EXPECT_EQ(told(p, begun + 2s), "lockkeeper: step 1 of 2, 2 s: the first");
    EXPECT_EQ(p.notice(begun + 2s, false).get('D'), "");
}

TEST(plan_progress, tells_what_is_taken_back) {
    plan_progress p(begun);
    p.enter(two_steps(), {.sql = "UNDO", .undo = true, .step = 0}, begun);
    EXPECT_EQ(told(p, begun + 2s), "lockkeeper: taking back step 1 of 2, 2 s: UNDO");
    const policy::plan single{.steps = {{.sql = "ONE"}}};
    p.enter(single, {.sql = "ONE", .step = 0}, begun);
    EXPECT_EQ(told(p, begun + 2s), "lockkeeper: 2 s: ONE");
    p.enter(single, {.sql = "UNDO", .undo = true, .step = 0}, begun);
    EXPECT_EQ(told(p, begun + 2s), "lockkeeper: taking back its only step, 2 s: UNDO");
}

}  // namespace
