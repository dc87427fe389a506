#include <gtest/gtest.h>

#include "support/gate_script.hpp"

// What could not be decided as usual is written down like everything else.

namespace {

using words = std::vector<std::string>;

struct without_facts : testing::TestWithParam<config::mode> {
    support::gate_script g{GetParam()};

    // A statement whose question for the facts fails with `sqlstate`: the record of the decision and of the outcome.
    std::pair<proxy::audit_record, proxy::audit_record> audited(std::string_view sqlstate, bool in_pipeline) {
        g.server.fail_once = {{"SELECT facts", std::string(sqlstate)}};
        const auto sql = "/*judge*/ BLOCKING";
        if (in_pipeline)
            g.run({protocol::encode_parse("", "SELECT 1"), protocol::encode_bind("", "", {}), protocol::encode_execute(""),
                   protocol::encode_parse("", sql), protocol::encode_bind("", "", {}), protocol::encode_execute(""), protocol::encode_sync()});
        else
            g.run({protocol::encode_query(sql)});
        if (g.audit.size() != 2u) throw std::runtime_error(std::to_string(g.audit.size()) + " records; ran: " + testing::PrintToString(g.server.executed) + testing::PrintToString(g.got));
        EXPECT_EQ(g.audit.front().event, "decision");
        EXPECT_EQ(g.audit.back().event, "outcome");
        return {g.audit.front(), g.audit.back()};
    }
    bool enforces() const { return GetParam() == config::mode::enforce; }
};

TEST_P(without_facts, the_decision_is_audited) {
    const auto [decision, outcome] = audited("42501", false);
    EXPECT_EQ(decision.rules, words{"facts-unavailable"});
    EXPECT_EQ(decision.action, enforces() ? "reject" : "would reject");
    EXPECT_EQ(decision.timeout_class, "blocking");
    EXPECT_EQ(outcome.outcome, enforces() ? "refused" : "done");
}

TEST_P(without_facts, in_a_pipeline_the_statement_is_refused_in_every_mode) {
    const auto [decision, outcome] = audited("42501", true);
    EXPECT_EQ(decision.rules, words{"facts-unavailable"});
    EXPECT_EQ(outcome.outcome, "refused");
    EXPECT_EQ(outcome.sqlstate, "LK004");
}

TEST_P(without_facts, a_cancel_that_met_our_question_is_audited) {
    for (const bool in_pipeline : {false, true}) {
        g.audit.clear();
        const auto [decision, outcome] = audited("57014", in_pipeline);
        EXPECT_EQ(decision.rules, words{"canceled"});
        EXPECT_EQ(outcome.outcome, "canceled");
        EXPECT_EQ(outcome.sqlstate, "57014");
    }
}

INSTANTIATE_TEST_SUITE_P(modes, without_facts, testing::Values(config::mode::observe, config::mode::guard, config::mode::enforce),
                         [](const auto& c) { return std::string(c.param == config::mode::observe ? "observe" : c.param == config::mode::guard ? "guard" : "enforce"); });

constexpr std::string_view strong = "/*judge*/ BLOCKING STRONG lock";

std::vector<std::string> events(const support::gate_script& g) {
    std::vector<std::string> out;
    for (const auto& r : g.audit) out.push_back(r.event + (r.outcome.empty() ? "" : " " + r.outcome));
    return out;
}

TEST(audit, a_statement_on_its_own_tells_in_its_outcome_for_how_long_it_held_its_lock) {
    support::gate_script g;
    g.run({protocol::encode_query(strong)});
    ASSERT_EQ(events(g), (words{"decision", "outcome done"}));
    EXPECT_EQ(g.audit[0].fingerprint, "fingerprint");
    EXPECT_FALSE(g.audit[0].hold_ms);
    EXPECT_TRUE(g.audit[1].sent);
    EXPECT_TRUE(g.audit[1].hold_ms);
}

TEST(audit, so_does_one_of_the_extended_protocol) {
    support::gate_script g;
    g.run({protocol::encode_parse("", strong), protocol::encode_bind("", "", {}), protocol::encode_execute(""), protocol::encode_sync()});
    ASSERT_EQ(events(g), (words{"decision", "outcome done"}));
    EXPECT_TRUE(g.audit[1].hold_ms);
    EXPECT_TRUE(g.audit[1].sent);
}

TEST(audit, a_pipeline_is_a_transaction) {
    support::gate_script g;
    g.run({protocol::encode_parse("", "SELECT 1"), protocol::encode_bind("", "", {}), protocol::encode_execute(""),
           protocol::encode_parse("", strong), protocol::encode_bind("", "", {}), protocol::encode_execute(""), protocol::encode_sync()});
    ASSERT_EQ(events(g).size(), 3u);
    EXPECT_EQ(events(g).back(), "released committed");
    EXPECT_TRUE(g.audit[1].transaction);
}

TEST(audit, what_a_transaction_has_held_is_told_when_it_has_ended) {
    for (const auto& [end, outcome] : {std::pair{"COMMIT", "committed"}, {"ROLLBACK", "rolled back"}}) {
        support::gate_script g;
        g.wait_each = true;
        g.run({protocol::encode_query("BEGIN"), protocol::encode_query(strong), protocol::encode_query(strong), protocol::encode_query(end)});
        ASSERT_EQ(events(g), (words{"decision", "outcome done", "decision", "outcome done", "released " + std::string(outcome)}));
        EXPECT_FALSE(g.audit[1].hold_ms);
        const auto& released = g.audit.back();
        ASSERT_EQ(released.relations.size(), 1u);
        EXPECT_EQ(released.relations[0].name, "public.t");
        EXPECT_EQ(released.relations[0].lock_mode, "ACCESS EXCLUSIVE");
        EXPECT_TRUE(released.relations[0].hold_ms);
        EXPECT_TRUE(released.hold_ms);
    }
}

TEST(audit, what_takes_no_strong_lock_holds_none) {
    support::gate_script g;
    g.wait_each = true;
    g.run({protocol::encode_query("/*judge*/ ONLINE"), protocol::encode_query("BEGIN"), protocol::encode_query("/*judge*/ ONLINE"), protocol::encode_query("COMMIT")});
    EXPECT_EQ(events(g), (words{"decision", "outcome done", "decision", "outcome done"}));
    for (const auto& r : g.audit) EXPECT_FALSE(r.hold_ms);
}

TEST(audit, a_session_that_ends_lets_its_locks_go) {
    support::gate_script g;
    g.wait_each = true;
    g.run({protocol::encode_query("BEGIN"), protocol::encode_query(strong)});
    ASSERT_EQ(events(g), (words{"decision", "outcome done"}));
    auto audit = g.audit;
    g.run({});  // the gate before is gone
    EXPECT_EQ(events(g).back(), "released session ended");
}

TEST(audit, what_cannot_be_written_down_is_not_run) {
    support::gate_script g;
    g.audit_fails = "No space left on device";
    const auto got = g.run({protocol::encode_query(strong), protocol::encode_query("/*judge*/ REWRITE"), protocol::encode_query("SELECT 1")});
    EXPECT_EQ(std::count(got.begin(), got.end(), "E:LK005"), 2);
    EXPECT_EQ(std::count(g.server.executed.begin(), g.server.executed.end(), std::string(strong)), 0);
    EXPECT_EQ(std::count(g.server.executed.begin(), g.server.executed.end(), "STEP one"), 0);
    EXPECT_EQ(std::count(g.server.executed.begin(), g.server.executed.end(), "SELECT 1"), 1);
    EXPECT_TRUE(g.audit.empty()) << "no outcome of a decision that is not in the log";
    g.audit_fails.clear();
    g.run({protocol::encode_query(strong)});
    EXPECT_EQ(events(g), (words{"decision", "outcome done"}));
}

}  // namespace
