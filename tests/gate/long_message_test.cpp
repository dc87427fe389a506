#include <gtest/gtest.h>

#include <algorithm>

#include "support/gate_script.hpp"

// Messages that are too long to be held: they pass in pieces, or are refused without being held.

namespace {

using protocol::buffer;
using words = std::vector<std::string>;

constexpr std::size_t limit = 16 * 1024;

buffer q(std::string_view sql) { return protocol::encode_query(sql); }
buffer p(std::string_view sql, std::string_view name = "") { return protocol::encode_parse(name, sql); }
buffer b(std::string_view statement = "") { return protocol::encode_bind("", statement, {}); }
buffer e() { return protocol::encode_execute(""); }
const buffer s = protocol::encode_sync(), h = protocol::encode_flush();

// A Bind whose one value has so many bytes.
buffer long_bind(std::string_view statement, std::size_t size) {
    std::string body = std::string(1, '\0') + std::string(statement) + std::string(1, '\0') + std::string("\0\0\0\1", 4);
    for (int shift = 24; shift >= 0; shift -= 8) body += static_cast<char>(size >> shift);
    body += std::string(size, 'x') + std::string("\0\0", 2);
    buffer out{'B'};
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>((body.size() + 4) >> shift));
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

std::string long_sql(std::string_view beginning, std::string_view end = "'") {
    return std::string(beginning) + " '" + std::string(4 * limit, 'x') + std::string(end);
}

const std::string harmless = long_sql("SELECT"), judged = long_sql("SELECT", "'; /*judge*/ REFUSE"),
                  judged_at_once = long_sql("/*judge*/ REFUSE");
const std::string poison = "lockkeeper refused this statement: statement-too-long";

struct long_messages : testing::TestWithParam<std::size_t> {
    support::gate_script g;

    words run(const std::vector<buffer>& client, config::mode mode = config::mode::enforce) {
        g.settings().mode = mode;
        g.settings().limits.statement = limit;
        g.piece = GetParam();
        auto answers = g.run(client);
        EXPECT_FALSE(g.gate_closed());
        EXPECT_EQ(g.gate().phase(), protocol::phase::ready);
        if (g.piece != 0) {
            EXPECT_LE(g.most_held, 8 * 1024 + g.piece);
        }
        return answers;
    }
    std::size_t refusals() const {
        return static_cast<std::size_t>(std::count_if(g.audit.begin(), g.audit.end(), [](const proxy::audit_record& r) {
            return r.rules == words{"statement-too-long"} && r.event == "decision" && r.action == "reject" && r.statement.size() < 2000;
        }));
    }
};

TEST_P(long_messages, harmless_ones_pass_as_they_are) {
    EXPECT_EQ(run({q(harmless), p(harmless), b(), e(), s}), (words{"D:t", "C:SELECT", "Z:I", "1", "2", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_EQ(g.server.executed, (words{harmless, harmless}));
    EXPECT_TRUE(g.audit.empty());
}

TEST_P(long_messages, one_that_shows_at_once_that_it_needs_judging_is_dropped) {
    EXPECT_EQ(run({q(judged_at_once), q("SELECT 1")}), (words{"E:LK004", "Z:I", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_EQ(g.server.executed, (words{poison, "SELECT 1"}));
    EXPECT_EQ(refusals(), 1u);
}

TEST_P(long_messages, one_that_shows_it_in_the_end_is_spoiled) {
    EXPECT_EQ(run({q(judged), q("SELECT 1")}), (words{"E:LK004", "Z:I", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_EQ(g.server.executed.back(), "SELECT 1");
    EXPECT_EQ(std::count(g.server.executed.begin(), g.server.executed.end(), judged), 0);
    EXPECT_EQ(refusals(), 1u);
    ASSERT_EQ(g.audit.size(), 2u);
    EXPECT_EQ(g.audit[1].outcome, "refused");
    EXPECT_EQ(g.audit[1].sqlstate, "LK004");
}

TEST_P(long_messages, a_refusal_aborts_the_transaction) {
    EXPECT_EQ(run({q("BEGIN"), q(judged), q("SELECT 1"), q("ROLLBACK"), q("SELECT 2")}),
              (words{"C:BEGIN", "Z:T", "E:LK004", "Z:E", "E:25P02", "Z:E", "C:ROLLBACK", "Z:I", "D:t", "C:SELECT", "Z:I"}));
}

TEST_P(long_messages, a_refused_parse_skips_to_sync) {
    for (const auto& sql : {judged, judged_at_once}) {
        g.server.executed.clear();
        EXPECT_EQ(run({p("SELECT 1"), b(), e(), p(sql, "x"), b("x"), e(), s, q("SELECT 2")}),
                  (words{"1", "2", "D:t", "C:SELECT", "E:LK004", "Z:I", "D:t", "C:SELECT", "Z:I"}));
        EXPECT_EQ(g.server.executed, (words{"SELECT 1", "SELECT 2"}));
    }
}

TEST_P(long_messages, an_error_before_them_skips_them) {
    EXPECT_EQ(run({p("FAIL"), b(), e(), p(judged, "x"), b("x"), e(), s, q("SELECT 1")}),
              (words{"1", "2", "E:22012", "Z:I", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_EQ(g.server.executed, (words{"FAIL", "SELECT 1"}));
}

TEST_P(long_messages, a_long_parse_overwrites_what_was_remembered) {
    EXPECT_EQ(run({p("/*judge*/ REFUSE"), s, p(harmless), b(), e(), s}), (words{"1", "Z:I", "1", "2", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_EQ(g.server.executed, (words{harmless}));
}

TEST_P(long_messages, observe_and_guard_let_them_pass) {
    for (const auto mode : {config::mode::observe, config::mode::guard}) {
        g.server.executed.clear();
        g.audit.clear();
        EXPECT_EQ(run({q(judged), q(judged_at_once), p(judged), b(), e(), s}, mode),
                  (words{"D:t", "C:SELECT", "Z:I", "C:/*judge*/", "Z:I", "1", "2", "D:t", "C:SELECT", "Z:I"}));
        EXPECT_EQ(g.server.executed, (words{judged, judged_at_once, judged}));
        ASSERT_EQ(g.audit.size(), 3u);
        for (const auto& r : g.audit) EXPECT_EQ(r.action, "would reject");
    }
}

// The ReadyForQuery behind which the timeouts are restored only comes when the message is complete.
TEST_P(long_messages, go_on_while_timeouts_are_in_force) {
    EXPECT_EQ(run({p("/*judge*/ BLOCKING"), b(), e(), h, q(harmless), q("SELECT 1")}),
              (words{"1", "2", "C:/*judge*/", "D:t", "C:SELECT", "Z:I", "D:t", "C:SELECT", "Z:I"}));
    EXPECT_EQ(g.server.setting("lock_timeout"), "0");
}

TEST_P(long_messages, the_values_of_a_bind_are_not_held) {
    EXPECT_EQ(run({p("/*judge*/ BLOCKING", "ddl"), p("SELECT 1", "x"), long_bind("x", 10 * limit), e(), s}),
              (words{"1", "1", "2", "D:t", "C:SELECT", "Z:I"}));
    if (g.piece != 0) {
        EXPECT_LT(g.most_held, limit);
    }
}

TEST_P(long_messages, a_bind_of_a_judged_statement_is_held_up_to_the_limit) {
    g.settings().limits.statement = limit;
    g.settings().mode = config::mode::enforce;
    g.piece = GetParam();
    const std::vector<buffer> small{p("/*judge*/ WARN", "ddl"), long_bind("ddl", limit - 100), e(), s};
    EXPECT_EQ(g.run(small), (words{"1", "2", "N:01000", "C:/*judge*/", "Z:I"}));
    g.most_held = 0;
    if (g.piece == 0) return;  // there is nothing to be held where it comes at once
    EXPECT_EQ(run({p("/*judge*/ WARN", "other"), long_bind("other", 2 * limit), e(), s, q("SELECT 1")}),
              (words{"1", "E:LK004", "Z:I", "D:t", "C:SELECT", "Z:I"}));
}

INSTANTIATE_TEST_SUITE_P(gate, long_messages, testing::Values(0, 700, 4096, 8193, 20'000), testing::PrintToStringParamName());

}  // namespace
