#include "proxy/session.hpp"

#include <string>

#include <gtest/gtest.h>

#include "session_stand.hpp"

namespace {

using namespace session_stand;

TEST(session, asks_nothing_of_the_server_before_the_startup_message_is_whole) {
    stand at;
    auto client = at.client();
    client.say(ssl_request);
    EXPECT_EQ(client.hear(1), "N");
    client.say(startup.substr(0, startup.size() - 1));
    EXPECT_FALSE(at.server().somebody_within(50));
    client.say(startup.substr(startup.size() - 1));
    EXPECT_EQ(at.server().accept().hear(startup.size()), startup);
}

TEST(session, takes_its_first_packets_in_single_bytes) {
    stand at;
    auto client = at.client();
    for (const char c : ssl_request) client.say({&c, 1});
    EXPECT_EQ(client.hear(1), "N");
    for (const char c : startup + select_1) client.say({&c, 1});
    auto server = at.server().accept();
    EXPECT_EQ(server.hear(startup.size()), startup);
}

TEST(session, passes_both_directions_on_as_they_are) {
    stand at;
    auto [client, server] = at.session();
    client.say(select_1);
    EXPECT_EQ(server.hear(select_1.size()), select_1);
    server.say(answer + ready());
    EXPECT_EQ(client.hear(answer.size() + 6), answer + ready());
    client.say(terminate);
    EXPECT_EQ(server.hear(terminate.size()), terminate);
    server.close();
    EXPECT_TRUE(client.at_end());
}

TEST(session, hangs_up_on_bytes_in_front_of_the_answer_about_encryption) {
    stand at;
    auto client = at.client();
    client.say(ssl_request + startup);
    EXPECT_EQ(field(client.hear_message(), 'C'), "08P01");
    EXPECT_TRUE(client.at_end());
    EXPECT_FALSE(at.server().somebody_within(0));
}

TEST(session, sends_a_cancel_request_as_it_is_and_ends_after_the_server) {
    stand at;
    auto client = at.client();
    client.say(cancel_request);
    auto server = at.server().accept();
    EXPECT_EQ(server.hear(cancel_request.size()), cancel_request);
    EXPECT_FALSE(client.has_something_within(50));
    server.close();
    EXPECT_TRUE(client.at_end());
}

TEST(session, says_why_the_server_cannot_be_reached) {
    config::settings settings;
    settings.upstream.host = "db.example";
    stand at(settings);
    auto client = at.client();
    client.say(startup);
    const auto fatal = client.hear_message();
    EXPECT_EQ(field(fatal, 'V'), "FATAL");
    EXPECT_EQ(field(fatal, 'C'), "08001");
    EXPECT_EQ(field(fatal, 'M'), "cannot connect to the server at db.example:5432: No route to host");
    EXPECT_FALSE(field(fatal, 'H').empty());
    EXPECT_TRUE(client.at_end());
}

struct silent_name : testing::Test {
    config::settings settings_;
    silent_name() {
        settings_.upstream.host = "silent.example,db.example";
        settings_.upstream.connect_timeout = std::chrono::milliseconds(50);
    }
};

// A name server that is silent keeps no client for longer than a server that is.
TEST_F(silent_name, is_given_up) {
    stand at(settings_);
    at.names().silent = "silent.example";
    auto client = at.client();
    client.say(startup);
    const auto fatal = client.hear_message();
    EXPECT_EQ(field(fatal, 'C'), "08001");
    EXPECT_EQ(field(fatal, 'M'), "cannot connect to the server at db.example:5432: No route to host");
}

// What comes after all is for nobody: the host behind it is being tried.
TEST_F(silent_name, is_not_heeded_when_it_is_resolved_too_late) {
    stand at(settings_);
    at.names().silent = "silent.example";
    at.names().known["db.example"] = proxy::literal("127.0.0.1", at.server().port());
    auto client = at.client();
    client.say(startup);
    auto server = at.server().accept();
    at.names().asked.get_future().get()(make_error_code(boost::system::errc::host_unreachable));
    EXPECT_EQ(server.hear(startup.size()), startup);
    server.say(welcome);
    EXPECT_EQ(client.hear(welcome.size()), welcome);
}

TEST(session, tries_the_addresses_of_the_server_in_turn) {
    config::settings settings;
    settings.upstream.host = "db.example";
    stand at(settings);
    std::uint16_t nobody = place().port();
    at.names().known["db.example"] = {proxy::literal("127.0.0.1", nobody).front(),
                                      proxy::literal("127.0.0.1", at.server().port()).front()};
    at.session();
}

TEST(session, explains_a_server_that_says_nothing) {
    stand at;
    auto client = at.client();
    client.say(startup);
    at.server().accept().close();
    EXPECT_EQ(field(client.hear_message(), 'C'), "08006");
    EXPECT_TRUE(client.at_end());
}

TEST(session, explains_a_server_that_is_gone_but_not_inside_a_message) {
    stand at;
    {
        auto [client, server] = at.session();
        client.say(select_1);
        server.hear(select_1.size());
        server.say(answer);
        server.close();
        EXPECT_EQ(client.hear(answer.size()), answer);
        EXPECT_EQ(field(client.hear_message(), 'C'), "08006");
        EXPECT_TRUE(client.at_end());
    }
    auto [client, server] = at.session();
    client.say(select_1);
    server.hear(select_1.size());
    const auto cut = answer.substr(0, answer.find('D') + 7);
    server.say(cut);
    EXPECT_EQ(client.hear(cut.size()), cut);
    server.reset();
    EXPECT_EQ(client.hear(1), "");
}

TEST(session, passes_a_fatal_error_of_the_server_on_and_adds_nothing) {
    stand at;
    auto client = at.client();
    client.say(startup);
    auto server = at.server().accept();
    const auto fatal = error("FATAL", "28P01", "password authentication failed");
    server.say(fatal);
    server.close();
    EXPECT_EQ(client.hear_message(), fatal);
    EXPECT_TRUE(client.at_end());
}

TEST(session, passes_the_clients_end_of_input_on_behind_its_bytes_and_lets_the_results_come) {
    stand at;
    auto [client, server] = at.session();
    client.say(select_1);
    client.shutdown();
    EXPECT_EQ(server.hear(select_1.size() + 1), select_1);
    EXPECT_TRUE(server.at_end());
    server.say(answer + ready());
    server.close();
    EXPECT_EQ(client.hear(answer.size() + 6), answer + ready());
    EXPECT_TRUE(client.at_end());
}

TEST(session, lets_the_server_go_when_the_client_is_broken) {
    stand at;
    auto [client, server] = at.session();
    client.say(select_1);
    server.hear(select_1.size());
    client.reset();
    EXPECT_TRUE(server.at_end());
}

TEST(session, lets_as_many_clients_in_as_configured) {
    config::settings settings;
    settings.limits.clients = 1;
    stand at(settings);
    {
        auto [client, server] = at.session();
        auto second = at.client();
        second.say(startup);
        const auto fatal = second.hear_message();
        EXPECT_EQ(field(fatal, 'S'), "FATAL");
        EXPECT_EQ(field(fatal, 'V'), "FATAL");
        EXPECT_EQ(field(fatal, 'C'), "53300");
        EXPECT_FALSE(field(fatal, 'M').empty());
        server.close();
        EXPECT_EQ(field(client.hear_message(), 'C'), "08006");
        EXPECT_TRUE(client.at_end());
    }
    at.session();
}

TEST(session, ends_a_client_that_does_not_come_to_the_point) {
    config::settings settings;
    settings.limits.startup = std::chrono::milliseconds(50);
    stand at(settings);
    auto silent = at.client();
    EXPECT_TRUE(silent.at_end());
    auto waiting = at.client();
    waiting.say(startup);
    auto server = at.server().accept();
    server.hear(startup.size());
    EXPECT_EQ(field(waiting.hear_message(), 'C'), "57014");
    EXPECT_TRUE(waiting.at_end());
    EXPECT_TRUE(server.at_end());
}

TEST(session, drains_idle_clients_at_once_and_the_others_after_their_transaction) {
    stand at;
    auto [idle, idle_server] = at.session();
    auto [busy, busy_server] = at.session();
    busy.say(select_1);
    busy_server.hear(select_1.size());
    busy_server.say(answer + ready('T'));
    busy.hear(answer.size() + 6);
    at.worker().drain();
    EXPECT_EQ(field(idle.hear_message(), 'C'), "57P01");
    EXPECT_TRUE(idle.at_end());
    idle.close();
    busy.say(select_1);
    EXPECT_EQ(busy_server.hear(select_1.size()), select_1);
    busy_server.say(answer + ready('I'));
    EXPECT_EQ(busy.hear(answer.size() + 6), answer + ready('I'));
    EXPECT_EQ(field(busy.hear_message(), 'C'), "57P01");
    busy.close();
    EXPECT_TRUE(at.drained_within(std::chrono::seconds(10)));
}

TEST(session, holds_little_for_a_client_that_does_not_read_and_loses_nothing) {
    stand at;
    auto [client, server] = at.session();
    client.say(select_1);
    server.hear(select_1.size());
    const std::string row = message('D', "\0\1"s + number(60'000) + std::string(60'000, 'r'));
    std::string flood = answer.substr(0, answer.find('D'));
    for (int i = 0; i < 800; ++i) flood += row;
    flood += message('C', "SELECT 800\0"s) + ready();
    std::size_t taken = 0;
    while (server.takes_more_within(200)) taken += server.offer(std::string_view(flood).substr(taken));
    EXPECT_LT(taken, flood.size() / 2) << "of which the kernel's socket buffers hold most";
    std::size_t got = 0;
    bool same = true;
    while (got < flood.size()) {
        taken += server.offer(std::string_view(flood).substr(taken, 1 << 20));
        const auto more = client.hear(std::min<std::size_t>(flood.size() - got, 100'000));
        same = same && std::string_view(flood).substr(got, more.size()) == more;
        got += more.size();
        if (more.empty()) break;
    }
    EXPECT_EQ(got, flood.size());
    EXPECT_TRUE(same);
}

}  // namespace
