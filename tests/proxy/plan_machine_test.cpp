#include "proxy/plan_machine.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace {

using policy::timeout_class;
using proxy::plan_action;
using proxy::plan_ended;
using proxy::plan_machine;
using proxy::run_step;
using proxy::step_outcome;

const step_outcome done{.ok = true, .sqlstate = "", .answer = std::nullopt};
const step_outcome yes{.ok = true, .sqlstate = "", .answer = true};
const step_outcome no{.ok = true, .sqlstate = "", .answer = false};
step_outcome failure(std::string sqlstate) { return {.ok = false, .sqlstate = std::move(sqlstate), .answer = std::nullopt}; }

policy::plan two_steps() {
    return {.steps = {{.sql = "A", .timeouts = timeout_class::online, .undo = "undo A", .undo_if = "is A ours?"},
                      {.sql = "B", .timeouts = timeout_class::blocking, .undo = "undo B", .undo_if = "is B ours?"}},
            .tag = "DONE"};
}

// Feeds the machine the outcome that `server` gives each statement; returns the statements in order.
struct run_of {
    std::vector<std::string> sent;
    plan_ended end;
};
run_of run(policy::plan plan, const std::function<step_outcome(const std::string&)>& server) {
    plan_machine machine(std::move(plan));
    run_of result;
    auto action = machine.start();
    while (const auto* step = std::get_if<run_step>(&action)) {
        result.sent.push_back(step->sql);
        if (result.sent.size() > 100) throw std::runtime_error("the plan does not end");
        action = machine.on_outcome(server(step->sql));
    }
    result.end = std::get<plan_ended>(action);
    return result;
}

using texts = std::vector<std::string>;

TEST(plan_machine, runs_the_steps_in_order) {
    const auto r = run(two_steps(), [](auto&) { return done; });
    EXPECT_EQ(r.sent, (texts{"A", "B"}));
    EXPECT_FALSE(r.end.failed);
}

TEST(plan_machine, leaves_out_a_step_whose_result_is_there) {
    auto plan = two_steps();
    plan.steps[0].unless = "is A there?";
    EXPECT_EQ(run(plan, [](auto& sql) { return sql == "is A there?" ? yes : done; }).sent, (texts{"is A there?", "B"}));
    EXPECT_EQ(run(plan, [](auto& sql) { return sql == "is A there?" ? no : done; }).sent, (texts{"is A there?", "A", "B"}));
}

TEST(plan_machine, what_was_there_before_is_not_undone) {
    auto plan = two_steps();
    plan.steps[0].unless = "is A there?";
    const auto r = run(plan, [](const std::string& sql) { return sql == "B" ? failure("57014") : yes; });
    EXPECT_EQ(r.sent, (texts{"is A there?", "B", "is B ours?", "undo B"}));
}

TEST(plan_machine, an_undo_has_a_class_of_its_own) {
    auto plan = two_steps();
    plan.steps[0].undo_timeouts = timeout_class::blocking;
    plan_machine machine(plan);
    machine.start();
    machine.on_outcome(failure("57014"));
    const auto action = machine.on_outcome(yes);
    const auto& undo = std::get<run_step>(action);
    EXPECT_EQ(undo.sql, "undo A");
    EXPECT_EQ(undo.timeouts, timeout_class::blocking);
    EXPECT_TRUE(undo.undo);
}

std::vector<std::string> sent_after_cancel_before_the_second(policy::plan plan) {
    plan_machine machine(std::move(plan));
    machine.start();
    machine.on_outcome(done);
    auto action = machine.on_cancel();
    std::vector<std::string> sent;
    while (const auto* step = std::get_if<run_step>(&action)) {
        sent.push_back(step->sql);
        action = machine.on_outcome(yes);
    }
    EXPECT_EQ(std::get<plan_ended>(action).failed, 1u);
    return sent;
}

TEST(plan_machine, a_cancel_between_two_steps_undoes_only_what_was_begun) {
    EXPECT_EQ(sent_after_cancel_before_the_second(two_steps()), (texts{"is A ours?", "undo A"}));
}

TEST(plan_machine, a_cancel_at_the_guard_of_the_second_undoes_the_first) {
    auto plan = two_steps();
    plan.steps[1].unless = "is B there?";
    EXPECT_EQ(sent_after_cancel_before_the_second(plan), (texts{"is A ours?", "undo A"}));
}

// Where ADD CONSTRAINT fails, one of that name is somebody else's; where a later step fails, it is ours.
TEST(plan_machine, what_was_done_has_an_undo_of_its_own) {
    auto plan = two_steps();
    plan.steps[0].undo.clear();
    plan.steps[0].undo_done = "drop A";
    plan.steps[0].undo_done_if = "is A there?";
    EXPECT_EQ(sent_after_cancel_before_the_second(plan), (texts{"is A there?", "drop A"}));
    const auto first_fails = [](const std::string& sql) { return sql == "A" ? failure("42710") : yes; };
    EXPECT_EQ(run(plan, first_fails).sent, texts{"A"});
    const auto second_fails = [](const std::string& sql) { return sql == "B" ? failure("23514") : sql == "is A there?" ? no : yes; };
    EXPECT_EQ(run(plan, second_fails).sent, (texts{"A", "B", "is B ours?", "undo B", "is A there?"}));
}

TEST(plan_machine, statements_of_one_transaction_go_together) {
    auto plan = two_steps();
    plan.steps[1].and_then = {"C"};
    plan_machine machine(plan);
    EXPECT_TRUE(std::get<run_step>(machine.start()).and_then.empty());
    const auto second = machine.on_outcome(done);
    EXPECT_EQ(std::get<run_step>(second).and_then, texts{"C"});
    machine.on_outcome(failure("57014"));
    const auto undo = machine.on_outcome(yes);
    EXPECT_EQ(std::get<run_step>(undo).sql, "undo B");
    EXPECT_TRUE(std::get<run_step>(undo).and_then.empty());
}

TEST(plan_machine, undoes_newest_first_and_only_what_is_ours) {
    const auto server = [](const std::string& sql) { return sql == "B" ? failure("57014") : sql == "is B ours?" ? no : sql == "is A ours?" ? yes : done; };
    const auto r = run(two_steps(), server);
    EXPECT_EQ(r.sent, (texts{"A", "B", "is B ours?", "is A ours?", "undo A"}));
    EXPECT_EQ(r.end.failed, 1u);
    EXPECT_TRUE(r.end.undone);
}

TEST(plan_machine, an_object_of_somebody_else_is_not_touched) {
    const auto r = run(two_steps(), [](const std::string& sql) { return sql == "A" ? failure("42P07") : no; });
    EXPECT_EQ(r.sent, (texts{"A", "is A ours?"}));
    EXPECT_EQ(r.end.failed, 0u);
}

TEST(plan_machine, tries_an_undo_again_and_says_when_it_cannot) {
    int tries = 0;
    const auto once = run(two_steps(), [&](const std::string& sql) {
        if (sql == "A" || (sql == "undo A" && ++tries == 1)) return failure("57014");
        return yes;
    });
    EXPECT_EQ(once.sent, (texts{"A", "is A ours?", "undo A", "is A ours?", "undo A"}));
    EXPECT_TRUE(once.end.undone);

    const auto never = run(two_steps(), [](const std::string& sql) { return sql == "A" || sql == "undo A" ? failure("57014") : yes; });
    EXPECT_EQ(std::count(never.sent.begin(), never.sent.end(), "undo A"), plan_machine::undo_attempts);
    EXPECT_FALSE(never.end.undone);
}

policy::plan listed() {
    return {.steps = {{.sql = "A", .undo = "undo A", .undo_if = "is A ours?"},
                      {.sql_from = "which?", .undo_from = "what is left?"}},
            .tag = "DONE"};
}

// Answers the two questions for statements with these.
step_outcome lists(const std::string& sql, std::vector<std::string> todo, std::vector<std::string> left) {
    auto out = yes;
    if (sql == "which?") out.statements = std::move(todo);
    if (sql == "what is left?") out.statements = std::move(left);
    return out;
}

TEST(plan_machine, runs_what_a_query_lists) {
    const auto r = run(listed(), [](auto& sql) { return lists(sql, {"B", "C"}, {}); });
    EXPECT_EQ(r.sent, (texts{"A", "which?", "B", "C"}));
    EXPECT_FALSE(r.end.failed);
    EXPECT_EQ(run(listed(), [](auto& sql) { return lists(sql, {}, {}); }).sent, (texts{"A", "which?"}));
}

TEST(plan_machine, undoes_what_a_query_lists_until_nothing_is_left) {
    int tries = 0;
    const auto server = [&](const std::string& sql) {
        if (sql == "C" || (sql == "undo C" && ++tries == 1)) return failure("57014");
        return lists(sql, {"B", "C"}, tries == 0 ? texts{"undo B", "undo C"} : texts{"undo C"});
    };
    const auto r = run(listed(), server);
    EXPECT_EQ(r.sent, (texts{"A", "which?", "B", "C", "what is left?", "undo B", "undo C", "what is left?", "undo C", "is A ours?", "undo A"}));
    EXPECT_TRUE(r.end.undone);
}

policy::plan in_parts() {
    return {.steps = {{.sql = "A", .undo = "undo A", .undo_if = "is A ours?"}, {.sql = "first part", .next = "next part"}, {.sql = "C"}},
            .tag = "DONE"};
}

step_outcome part(std::vector<std::optional<std::string>> row) { return {.ok = true, .row = std::move(row)}; }

TEST(plan_machine, does_a_step_in_parts_until_no_row_comes) {
    plan_machine machine(in_parts());
    machine.start();
    const auto first = std::get<run_step>(machine.on_outcome(done));
    EXPECT_EQ(first.sql, "first part");
    EXPECT_TRUE(first.part && !first.again && first.position.empty());
    const auto second = std::get<run_step>(machine.on_outcome(part({"500", "k", std::nullopt})));
    EXPECT_EQ(second.sql, "next part");
    EXPECT_TRUE(second.part && second.again);
    EXPECT_EQ(second.step, 1u);
    EXPECT_EQ(second.position, (std::vector<std::optional<std::string>>{"k", std::nullopt}));
    const auto third = std::get<run_step>(machine.on_outcome(part({"7", "l", "m"})));
    EXPECT_EQ(third.position, (std::vector<std::optional<std::string>>{"l", "m"}));
    const auto after = std::get<run_step>(machine.on_outcome(done));
    EXPECT_EQ(after.sql, "C");
    EXPECT_FALSE(after.part || after.again);
    const auto end = std::get<plan_ended>(machine.on_outcome(done));
    EXPECT_FALSE(end.failed);
    EXPECT_EQ(end.rows, 507u);
}

TEST(plan_machine, parts_that_are_done_are_counted_where_a_later_one_fails) {
    const auto r = run(in_parts(), [](const std::string& sql) {
        if (sql == "first part") return part({"3", "k"});
        return sql == "next part" ? failure("23514") : yes;
    });
    EXPECT_EQ(r.sent, (texts{"A", "first part", "next part", "is A ours?", "undo A"}));
    EXPECT_EQ(r.end.failed, 1u);
    EXPECT_EQ(r.end.rows, 3u);
}

TEST(plan_machine, a_cancel_between_two_parts_undoes_what_the_parts_have_an_undo_for) {
    auto plan = in_parts();
    plan.steps[1].undo = "undo parts";
    plan.steps[1].undo_if = "are they ours?";
    const auto sent = [&](bool between) {
        plan_machine machine(plan);
        machine.start();
        auto action = machine.on_outcome(done);
        if (between) action = machine.on_outcome(part({"3", "k"}));
        action = machine.on_cancel();
        return std::get<run_step>(action).sql;
    };
    EXPECT_EQ(sent(true), "are they ours?");
    EXPECT_EQ(sent(false), "is A ours?");
}

// A failure at every step: the plan ends, and nothing that was started stays without a question about it.
TEST(plan_machine, a_failure_at_every_step_ends_the_plan) {
    auto plan = two_steps();
    plan.steps[0].unless = "is A there?";
    for (const std::string at : {"is A there?", "A", "B"}) {
        const auto r = run(plan, [&](const std::string& sql) { return sql == at ? failure("55P03") : sql == "is A there?" ? no : yes; });
        ASSERT_TRUE(r.end.failed) << at;
        const auto first = std::find(r.sent.begin(), r.sent.end(), at);
        for (auto s = r.sent.begin(); s != first; ++s)
            if (*s == "A") {
                EXPECT_NE(std::find(r.sent.begin(), r.sent.end(), "undo A"), r.sent.end()) << at;
            }
    }
}

}  // namespace
