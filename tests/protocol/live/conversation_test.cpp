#include <gtest/gtest.h>

#include "replay.hpp"
#include "scripts.hpp"
#include "session.hpp"

// The conversations of scripts.hpp with a real server: what it answers must be what they say, and the ledger must make of
// the true messages what it makes of the tags.

namespace {

using live::query;
using live::session;

struct with_a_server : testing::TestWithParam<script::conversation> {};

TEST_P(with_a_server, says_the_same) {
    session s;
    s.ask(live::setting);
    const auto steps = script::parse(GetParam().text);
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto& line = steps[i];
        SCOPED_TRACE("line " + std::to_string(i + 1));
        if (line.who != '<') {
            script::expect_line(s.conversation, line, i + 1);
            if (line.reply != "refused") s.wire.send(script::encode(line));
            continue;
        }
        const auto m = s.read();
        ASSERT_TRUE(m) << "the server has closed the connection";
        ASSERT_EQ(m->tag, line.tag) << protocol::as_text(m->body);
        EXPECT_EQ(m->fatal(), line.arguments == "FATAL");
        EXPECT_EQ(script::describe(s.last), line.reply);
        EXPECT_EQ(script::describe(s.conversation), line.state);
        EXPECT_TRUE(s.conversation.owed().in_step());
    }
    if (s.conversation.phase() != protocol::phase::closed) return s.expect_quiet();
    EXPECT_FALSE(s.read()) << "the connection is still open";
}

INSTANTIATE_TEST_SUITE_P(protocol, with_a_server, testing::ValuesIn(script::of_a_real_server()),
                         [](const auto& c) { return std::string(c.param.name); });

// What is refused while the data of a COPY are awaited ends the session.
TEST(while_copy_data_are_awaited, other_messages_are_fatal) {
    for (const char* const line : {"> Q select 1 | -", "> P /select 1 | -", "> B / | -", "> D S/ | -", "> E /0 | -", "> C S/ | -",
                                   "> F 2026 | -", "> p | -"}) {
        SCOPED_TRACE(line);
        session s;
        s.ask("create temporary table t (i int)");
        ASSERT_TRUE(s.conversation.on_frontend('Q'));
        s.wire.send(query("copy t from stdin"));
        ASSERT_EQ(s.read()->tag, 'G');
        const auto refused = script::parse_line(line);
        EXPECT_FALSE(s.conversation.allows(refused.tag));
        s.wire.send(script::encode(refused));
        bool fatal = false;
        while (const auto m = s.wire.read()) fatal = m->fatal();
        EXPECT_TRUE(fatal);
    }
}

// Why limits.hpp lets no Flush with a body pass.
TEST(a_flush_with_a_body, is_an_error_to_nothing_and_skips_to_sync) {
    session s;
    s.wire.send({'H', 0, 0, 0, 5, 0});
    s.wire.send(query("select 1"));
    s.wire.send(script::encode({.who = '>', .tag = 'S'}));
    EXPECT_EQ(s.wire.read()->tag, 'E');
    EXPECT_EQ(s.wire.read()->tag, 'Z');
    s.expect_quiet();
}

}  // namespace
