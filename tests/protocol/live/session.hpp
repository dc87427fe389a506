#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "script.hpp"
#include "wire.hpp"

namespace live {

// What the conversations of the tests find in the database.
inline constexpr std::string_view setting = R"(
    drop schema public cascade; create schema public;
    create table t (i int check (i < 100));
    create table deferred (i int unique deferrable initially deferred);
    create table barred (i int);
    create function refuse() returns trigger language plpgsql as 'begin raise exception $$no$$; end';
    create trigger refuse before insert on barred for each statement execute function refuse();)";

inline protocol::buffer query(std::string_view sql) { return script::encode({.who = '>', .tag = 'Q', .arguments = sql}); }

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

}  // namespace live
