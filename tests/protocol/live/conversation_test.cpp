#include <gtest/gtest.h>

#include "replay.hpp"
#include "scripts.hpp"
#include "wire.hpp"

// The conversations of scripts.hpp with a real server: what it answers must be what they say, and the ledger must make of
// the true messages what it makes of the tags.

namespace {

using script::step;

constexpr std::string_view setting = R"(
    drop schema public cascade; create schema public;
    create table t (i int check (i < 100));
    create table deferred (i int unique deferrable initially deferred);
    create table barred (i int);
    create function refuse() returns trigger language plpgsql as 'begin raise exception $$no$$; end';
    create trigger refuse before insert on barred for each statement execute function refuse();)";

protocol::buffer query(std::string_view sql) { return script::encode({.who = '>', .tag = 'Q', .arguments = sql}); }

// A started session and what is known of it from the bytes of both sides.
struct session {
    live::wire wire;
    protocol::conversation conversation;

    session() {
        conversation.startup_sent();
        wire.send(live::startup_message());
        until_ready();
    }

    std::optional<live::wire::message> read() {
        auto m = wire.read();
        if (m) last = conversation.on_backend(m->tag, m->first());
        if (m && m->fatal()) conversation.on_fatal();
        return m;
    }
    protocol::ledger::reply last;

    void ask(std::string_view sql) {
        ASSERT_TRUE(conversation.on_frontend('Q'));
        wire.send(query(sql));
        until_ready();
    }

    void until_ready() {
        while (auto m = read()) {
            ASSERT_NE(m->tag, 'E') << protocol::as_text(m->body);
            if (m->tag == 'Z') return;
        }
        FAIL() << "the server has closed the connection";
    }

    // Nothing is on its way that the conversation does not know of.
    void expect_quiet() {
        ASSERT_TRUE(conversation.owed().quiet());
        ASSERT_TRUE(conversation.on_frontend('Q', protocol::sender::ours));
        wire.send(query("select 'the end'"));
        std::string tags;
        do {
            const auto m = read();
            ASSERT_TRUE(m);
            tags += m->tag;
            EXPECT_EQ(last.whose, protocol::ledger::reply::owner::ours);
        } while (!last.completes);
        EXPECT_EQ(tags, conversation.status() == 'E' ? "EZ" : "TDCZ");
        EXPECT_TRUE(conversation.owed().quiet());
    }
};

struct with_a_server : testing::TestWithParam<script::conversation> {};

TEST_P(with_a_server, says_the_same) {
    session s;
    s.ask(setting);
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

}  // namespace
