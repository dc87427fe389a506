#include <gtest/gtest.h>

#include <algorithm>

#include "support/gate_script.hpp"

// limits.held: what is held of long messages is counted over all sessions, and given back whatever becomes of them. Where there
// is no room they pass in pieces, or are refused.

namespace {

using protocol::buffer;
using words = std::vector<std::string>;

constexpr std::size_t length = 4 * proxy::held_budget::uncounted;

buffer q(std::string_view sql) { return protocol::encode_query(sql); }
buffer p(std::string_view sql, std::string_view name = "") { return protocol::encode_parse(name, sql); }
buffer b(std::string_view statement = "") { return protocol::encode_bind("", statement, {}); }
buffer e() { return protocol::encode_execute(""); }
const buffer s = protocol::encode_sync();

std::string long_sql(std::string_view beginning, std::string_view end = "") {
    return std::string(beginning) + " '" + std::string(length, 'x') + "'" + std::string(end);
}

const std::string harmless = long_sql("SELECT"), judged_at_once = long_sql("/*judge*/ BLOCKING"),
                  judged = long_sql("SELECT", "; /*judge*/ BLOCKING");

struct held_bytes : testing::TestWithParam<std::size_t> {
    support::gate_script g;

    words run(const std::vector<buffer>& client, std::uint64_t limit, config::mode mode = config::mode::enforce) {
        g.settings().mode = mode;
        g.held->set_limit(limit);
        g.piece = GetParam();
        g.server = {};
        return g.run(client);
    }
    std::size_t times(const std::string& sql) const {
        return static_cast<std::size_t>(std::count(g.server.executed.begin(), g.server.executed.end(), sql));
    }
    bool in_pieces() const { return g.piece != 0; }
};

TEST_P(held_bytes, are_counted_and_given_back) {
    for (const auto& sql : {harmless, judged, judged_at_once}) {
        g.most_taken = 0;
        const auto answers = run({q(sql), p(sql), b(), e(), s}, 0);
        EXPECT_EQ(std::count(answers.begin(), answers.end(), "Z:I"), 2);
        EXPECT_EQ(times(sql), 2u);
        EXPECT_GE(g.most_taken, length) << sql.substr(0, 30);
        EXPECT_EQ(g.counts->not_held.value(), 0u);
        g.end();
        EXPECT_EQ(g.held->taken(), 0u);
    }
}

TEST_P(held_bytes, of_short_messages_are_not_counted) {
    const std::string sql = "/*judge*/ BLOCKING '" + std::string(proxy::held_budget::uncounted - 100, 'x') + "'";
    run({q(sql), p(sql), b(), e(), s, q("SELECT 1")}, 1);
    EXPECT_EQ(g.most_taken, 0u);
    EXPECT_EQ(times(sql), 2u);
}

TEST_P(held_bytes, are_given_back_wherever_the_session_ends) {
    const std::vector<buffer> all{p(judged_at_once, "kept"), q(judged), b("kept"), e(), s, q("BEGIN"), q(judged_at_once), q(harmless),
                                  p("/*judge*/ REFUSE"), b(), e(), s, q("ROLLBACK")};
    run(all, 0);
    const auto pieces = g.pieces();
    for (std::size_t cut = 1; cut <= pieces; cut += 1 + pieces / 50) {
        support::gate_script other;
        other.piece = GetParam();
        other.cut = cut;
        other.run(all);
        other.end();
        ASSERT_EQ(other.held->taken(), 0u) << "cut after " << cut << " pieces";
    }
}

TEST_P(held_bytes, harmless_ones_pass_where_there_is_no_room) {
    EXPECT_EQ(run({q(harmless), p(harmless), b(), e(), s}, 1), (words{"D:t", "C:SELECT", "Z:I", "1", "2", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_EQ(times(harmless), 2u);
    EXPECT_EQ(g.most_taken, 0u);
    EXPECT_EQ(g.counts->not_held.value(), 2u);
    EXPECT_TRUE(g.audit.empty());
    if (in_pieces()) {
        EXPECT_LE(g.most_held, proxy::held_budget::uncounted + g.piece);
    }
}

TEST_P(held_bytes, what_may_change_the_schema_is_refused_where_there_is_no_room) {
    for (const auto& sql : {judged, judged_at_once}) {
        g.audit.clear();
        EXPECT_EQ(run({q(sql), p(sql, "x"), b("x"), e(), s, q("SELECT 1")}, 1),
                  (words{"E:53400", "Z:I", "E:53400", "Z:I", "D:t", "C:SELECT", "Z:I"}));
        EXPECT_EQ(times(sql), 0u);
        ASSERT_EQ(g.audit.size(), 4u);
        EXPECT_EQ(g.audit[0].rules, words{"no-room-to-hold"});
        EXPECT_EQ(g.audit[0].action, "reject");
    }
}

TEST_P(held_bytes, observe_and_guard_let_it_pass) {
    for (const auto mode : {config::mode::observe, config::mode::guard}) {
        g.audit.clear();
        run({q(judged_at_once), p(judged_at_once), b(), e(), s}, 1, mode);
        EXPECT_EQ(times(judged_at_once), 2u);
        ASSERT_EQ(g.audit.size(), 2u);
        EXPECT_EQ(g.audit[1].action, "would reject");
    }
}

// Somebody else has half of it: rows go in pieces, so that what may change the schema can be held.
TEST_P(held_bytes, rows_leave_half_of_the_room) {
    proxy::held_share others(g.held.get());
    ASSERT_TRUE(others.grow_to(length, proxy::held_budget::of::all));
    run({q(harmless), q(judged_at_once), q(harmless), q("SELECT 1")}, 2 * length + 1000);
    EXPECT_EQ(g.counts->not_held.value(), 2u);
    EXPECT_EQ(times(harmless), 2u);
    EXPECT_EQ(times(judged_at_once), 1u);
    EXPECT_GE(g.most_taken, 2 * length);
    EXPECT_EQ(g.held->taken(), length);
}

TEST_P(held_bytes, a_prepared_statement_keeps_its_share) {
    run({p(judged_at_once, "x"), s}, 0);
    EXPECT_GE(g.held->taken(), length);
    EXPECT_LT(g.held->taken(), length + 1000);
    run({p(judged_at_once, "x"), s, protocol::encode_close('S', "x"), s, q("SELECT 1")}, 0);
    EXPECT_EQ(g.held->taken(), 0u);
    run({p(judged_at_once, "x"), s, q("/*judge*/ DEALLOCATE x"), p(judged_at_once), s, p("SELECT 1"), s}, 0);
    EXPECT_EQ(g.held->taken(), 0u);
}

// The Bind of a judged statement is kept for its Execute.
TEST_P(held_bytes, of_a_bind_are_counted_too) {
    const std::vector<std::optional<std::string>> values{std::string(length, 'x')};
    const std::vector<buffer> client{p("/*judge*/ BLOCKING", "ddl"), protocol::encode_bind("", "ddl", values), e(), s, q("SELECT 1")};
    EXPECT_EQ(run(client, 0), (words{"1", "2", "C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_GE(g.most_taken, length);
    EXPECT_EQ(run(client, 1), (words{"1", "E:53400", "Z:I", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_EQ(times("/*judge*/ BLOCKING"), 0u);
    EXPECT_EQ(run(client, 1, config::mode::guard), (words{"1", "2", "C:/*judge*/", "Z:I", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_EQ(g.audit.back().action, "would reject");
    g.end();
    EXPECT_EQ(g.held->taken(), 0u);
}

INSTANTIATE_TEST_SUITE_P(gate, held_bytes, testing::Values(0, 700, 4096, 20'000), testing::PrintToStringParamName());

}  // namespace
