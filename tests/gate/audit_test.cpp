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

}  // namespace
