#include "proxy/deferred_work.hpp"

#include <gtest/gtest.h>

namespace {

using policy::lock_mode;
using policy::timeout_class;
using proxy::deferred_work;

deferred_work some_work() {
    deferred_work work;
    work.plan = {.steps = {{.sql = "CREATE INDEX CONCURRENTLY \"I\" ON t (a)",
                            .and_then = {"ANALYZE t", "SELECT 2"},
                            .timeouts = timeout_class::online,
                            .why = "so",
                            .undo = "DROP INDEX",
                            .undo_if = "SELECT true",
                            .undo_done = "DROP INDEX x",
                            .undo_done_if = "SELECT 1 = 1"},
                           {.sql_from = "SELECT 'x\\y'",
                            .timeouts = timeout_class::blocking,
                            .unless = "SELECT false",
                            .undo_from = "SELECT 'z'",
                            .undo_timeouts = timeout_class::blocking,
                            .locks = {{"public.t", lock_mode::share_row_exclusive}}}},
                 .tag = "CREATE INDEX",
                 .builds = "CREATE INDEX CONCURRENTLY \"I\" ON t (a)",
                 .relation = "public.t",
                 .object = "I"};
    work.locks = {{"public.t", lock_mode::access_exclusive}};
    work.settings = {{"search_path", "\"a\", b"}, {"role", "none"}};
    return work;
}

TEST(deferred_work, is_written_and_read) {
    const auto work = some_work();
    deferred_work read;
    proxy::read_plan(plan_as_json(work), settings_as_json(work), read);
    EXPECT_EQ(plan_as_json(read), plan_as_json(work));
    EXPECT_EQ(read.settings, work.settings);
    EXPECT_EQ(read.plan.builds, work.plan.builds);
    EXPECT_EQ(read.plan.object, "I");
    ASSERT_EQ(read.plan.steps.size(), 2u);
    EXPECT_EQ(read.plan.steps[0].undo_if, "SELECT true");
    EXPECT_EQ(read.plan.steps[0].and_then, work.plan.steps[0].and_then);
    EXPECT_EQ(read.plan.steps[0].undo_done, "DROP INDEX x");
    EXPECT_EQ(read.plan.steps[0].undo_done_if, "SELECT 1 = 1");
    EXPECT_EQ(read.plan.steps[0].timeouts, timeout_class::online);
    EXPECT_EQ(read.plan.steps[1].sql_from, "SELECT 'x\\y'");
    EXPECT_EQ(read.plan.steps[1].undo_timeouts, timeout_class::blocking);
    EXPECT_EQ(read.plan.steps[1].locks.at(0).mode, lock_mode::share_row_exclusive);
    EXPECT_EQ(read.locks.at(0).mode, lock_mode::access_exclusive);
}

TEST(deferred_work, is_not_guessed) {
    const auto good = plan_as_json(some_work());
    const auto with = [&](std::string_view word, std::string_view other) {
        auto text = good;
        return text.replace(text.find(word), word.size(), other);
    };
    for (const auto& bad : {std::string(), std::string("[]"), std::string("{}"), with("\"online\"", "\"offline\""), with("SHARE ROW", "SHARE FIELD"),
                            with("\"I\"", "7"), good.substr(1)}) {
        deferred_work read;
        EXPECT_ANY_THROW(proxy::read_plan(bad, "{}", read)) << bad;
    }
    deferred_work read;
    EXPECT_ANY_THROW(proxy::read_plan(good, "{\"role\": 1}", read));
}

}  // namespace
