#include <gtest/gtest.h>

#include <algorithm>

#include "proxy/question_in_flight.hpp"
#include "support/gate_script.hpp"

// timeouts.catalog: a question to the catalog that waits for somebody who locks it is given up, and the statement decided without
// facts.

namespace {

using namespace std::chrono_literals;
using config::mode;
using words = std::vector<std::string>;

protocol::buffer q(std::string_view sql) { return protocol::encode_query(sql); }
const std::string judged = "/*judge*/ BLOCKING";

struct stuck_question : testing::TestWithParam<std::size_t> {
    support::gate_script g;

    words run(const std::vector<protocol::buffer>& client, mode m = mode::enforce) {
        g.settings().mode = m;
        g.settings().timeouts.catalog = 3s;
        g.piece = GetParam();
        g.wait_each = true;
        g.server.stuck = "SELECT facts";
        return g.run(client);
    }
    std::size_t times(std::string_view sql) const {
        return static_cast<std::size_t>(std::count(g.server.executed.begin(), g.server.executed.end(), sql));
    }
};

TEST_P(stuck_question, is_given_up_and_the_statement_refused) {
    EXPECT_EQ(run({q(judged), q("SELECT 1"), q(judged)}), (words{"E:LK004", "Z:I", "D:t", "C:SELECT", "Z:I", "C:/*judge*/", "Z:I"}));
    EXPECT_EQ(times(judged), 1u) << "when the catalog answers again";
    EXPECT_EQ(times("NAP"), 3u + 1u) << "seconds, and one until the server is said to have been told";
    ASSERT_EQ(g.audit.size(), 4u);
    EXPECT_EQ(g.audit[0].rules, words{"facts-unavailable"});
    EXPECT_EQ(g.audit[1].outcome, "refused");
}

TEST_P(stuck_question, in_a_transaction_leaves_it_to_the_client) {
    EXPECT_EQ(run({q("BEGIN"), q(judged), q("ROLLBACK")}), (words{"C:BEGIN", "Z:T", "E:LK004", "Z:E", "C:ROLLBACK", "Z:I"}));
    const auto& ran = g.server.executed;
    const auto back = std::find(ran.begin(), ran.end(), "ROLLBACK TO SAVEPOINT _lockkeeper");
    EXPECT_NE(back, ran.end());
    EXPECT_EQ(std::count(back, ran.end(), "NAP"), 0) << "nothing goes to the server while a cancel may meet it";
}

TEST_P(stuck_question, lets_the_statement_go_on_in_guard_and_observe) {
    EXPECT_EQ(run({q(judged)}, mode::guard), (words{"N:01000", "C:/*judge*/", "Z:I"}));
    EXPECT_EQ(times("SET lock_timeout = 500"), 1u);
    EXPECT_EQ(run({q(judged)}, mode::observe), (words{"C:/*judge*/", "Z:I"}));
    EXPECT_EQ(g.audit.back().action, "would reject");
}

TEST_P(stuck_question, is_canceled_once_more_where_the_cancel_was_lost) {
    g.lost_cancels = 2;
    EXPECT_EQ(run({q(judged), q("SELECT 1")}), (words{"E:LK004", "Z:I", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_EQ(times("NAP"), 3u + 2u + 1u);
}

TEST_P(stuck_question, a_cancel_of_the_clients_counts_first) {
    g.server.fail_once["NAP"] = "";
    EXPECT_EQ(run({q(judged), q("SELECT 1")}), (words{"E:57014", "Z:I", "D:t", "C:SELECT", "Z:I"}));
}

TEST_P(stuck_question, waits_for_ever_without_a_limit) {
    support::gate_script other;
    other.settings().timeouts.catalog = 0ms;
    other.piece = GetParam();
    other.server.stuck = "SELECT facts";
    EXPECT_EQ(other.run({q(judged)}), words{});
    EXPECT_TRUE(other.gate_closed());
    EXPECT_FALSE(other.gate().wake_at());
}

// The look for who holds the lock asks the catalog too: an attempt is made without it.
TEST_P(stuck_question, about_holders_is_given_up_too) {
    g.settings().locks.budget = 60s;
    g.settings().timeouts.catalog = 3s;
    g.piece = GetParam();
    g.server.stuck = "LOOK";
    EXPECT_EQ(g.run({q("/*judge*/ BLOCKING STRONG ")}), (words{"C:/*judge*/", "Z:I"}));
    EXPECT_EQ(times("NAP"), 3u + 1u);
}

TEST(question_in_flight, is_to_be_told_of_again_once_the_server_has_been_told) {
    using clock = std::chrono::steady_clock::time_point;
    const clock begin{};
    proxy::question_in_flight one;
    one.begin(begin);
    EXPECT_FALSE(one.is_there()) << "no limit";
    one.within = 5s;
    one.begin(begin);
    EXPECT_EQ(one.until(), begin + 5s);
    one.give_up(begin + 6s);
    EXPECT_EQ(one.until(), std::nullopt);
    one.told();
    EXPECT_EQ(one.until(), begin + 6s);
    EXPECT_TRUE(one.end());
    EXPECT_FALSE(one.is_there());
    one.begin(begin);
    EXPECT_FALSE(one.end());
}

INSTANTIATE_TEST_SUITE_P(gate, stuck_question, testing::Values(0, 1, 7), testing::PrintToStringParamName());

}  // namespace
