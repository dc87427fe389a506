#include "proxy/greeting.hpp"

#include <string>

#include <gtest/gtest.h>

namespace {

using namespace std::string_literals;
using proxy::greeting;
using binding = greeting::channel_binding;
using config::session_attrs;

std::string number(std::uint32_t n) {
    std::string s;
    for (int shift = 24; shift >= 0; shift -= 8) s.push_back(static_cast<char>(n >> shift));
    return s;
}
std::string text_of(const protocol::buffer& b) { return {b.begin(), b.end()}; }
std::string message(char tag, const std::string& body) {
    return std::string(1, tag) + number(static_cast<std::uint32_t>(body.size() + 4)) + body;
}
auto on(greeting& g, char tag, const std::string& body) { return g.on_server(tag, protocol::as_bytes(body)); }

constexpr std::uint32_t three = 3u << 16;
protocol::startup_message asks(std::uint32_t minor, std::vector<std::string> options = {}) {
    protocol::startup_message m;
    m.version = three + minor;
    m.parameters.emplace_back("user", "joe");
    for (auto& name : options) m.parameters.emplace_back(std::move(name), "1");
    return m;
}
const std::string both = number(10) + "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"s;
const std::string without = number(10) + "SCRAM-SHA-256\0\0"s;
const std::string ok = number(0);

TEST(greeting, leaves_what_every_server_knows_as_it_is) {
    for (const std::uint32_t minor : {0u, 1u, 2u}) {
        greeting g;
        EXPECT_TRUE(g.offer(asks(minor)).empty());
        const auto c = on(g, 'R', ok);
        EXPECT_TRUE(c.before.empty());
        EXPECT_FALSE(c.instead);
    }
}

TEST(greeting, asks_for_no_more_than_3_2_and_for_no_option_and_says_so) {
    greeting g;
    const auto packet = text_of(g.offer(asks(9999, {"_pq_.test", "application_name"})));
    EXPECT_EQ(packet.substr(4), number(three + 2) + "user\0joe\0application_name\0001\0\0"s);
    EXPECT_EQ(packet.substr(0, 4), number(static_cast<std::uint32_t>(packet.size())));
    const auto c = on(g, 'R', ok);
    EXPECT_EQ(text_of(c.before), message('v', number(three + 2) + number(1) + "_pq_.test\0"s));
    EXPECT_TRUE(on(g, 'R', ok).before.empty());
}

TEST(greeting, says_before_an_error_too_what_it_did_not_ask_for) {
    greeting g;
    g.offer(asks(0, {"_pq_.a"}));
    EXPECT_EQ(text_of(on(g, 'E', "M\0").before), message('v', number(three) + number(1) + "_pq_.a\0"s));
}

TEST(greeting, merges_its_refusal_with_the_servers) {
    greeting g;
    g.offer(asks(2, {"_pq_.a", "_pq_.b"}));
    const auto c = on(g, 'v', number(three) + number(1) + "_pq_.c\0"s);
    ASSERT_TRUE(c.instead);
    EXPECT_EQ(text_of(*c.instead), message('v', number(three) + number(3) + "_pq_.a\0_pq_.b\0_pq_.c\0"s));
    EXPECT_TRUE(on(g, 'R', ok).before.empty());
}

TEST(greeting, passes_the_servers_refusal_on_where_it_has_none) {
    greeting g;
    g.offer(asks(2));
    EXPECT_FALSE(on(g, 'v', number(three) + number(0)).instead);
}

TEST(greeting, hides_channel_binding_only_where_it_must) {
    greeting open(binding::pass, session_attrs::any), hidden(binding::hide, session_attrs::any);
    EXPECT_FALSE(on(open, 'R', both).instead);
    const auto c = on(hidden, 'R', both);
    ASSERT_TRUE(c.instead);
    EXPECT_EQ(text_of(*c.instead), message('R', without));
    for (const auto& other : {without, ok, number(12) + "v=x", number(11) + "r=SCRAM-SHA-256-PLUS\0"s, number(10), ""s})
        EXPECT_FALSE(on(hidden, 'R', other).instead) << other;
}

TEST(greeting, never_leaves_an_empty_list) {
    greeting g(binding::hide, session_attrs::any);
    EXPECT_FALSE(on(g, 'R', number(10) + "SCRAM-SHA-256-PLUS\0\0"s).instead);
}

TEST(greeting, refuses_what_could_not_work_with_either_offer) {
    greeting g(binding::refuse, session_attrs::any);
    EXPECT_FALSE(on(g, 'R', ok).fatal);
    EXPECT_FALSE(on(g, 'R', without).fatal);
    const auto c = on(g, 'R', both);
    ASSERT_TRUE(c.fatal);
    EXPECT_EQ(c.fatal->get('C'), "28000");
    EXPECT_FALSE(c.wrong_server);
}

std::unique_ptr<proxy::scram_client> login() {
    return std::make_unique<proxy::scram_client>(proxy::scram_client::account{"joe", {"salt", 4096, {}, {}}, {}}, "", "ours");
}

TEST(greeting, answers_itself_where_it_logs_in) {
    greeting g(login(), session_attrs::any);
    EXPECT_TRUE(g.logs_in());
    const auto asked = on(g, 'R', both);
    ASSERT_TRUE(asked.instead);
    EXPECT_TRUE(asked.instead->empty());
    EXPECT_TRUE(text_of(asked.answer).starts_with("p"));
    const auto shown = on(g, 'R', number(11) + "r=ours+,s=c2FsdA==,i=4096");
    EXPECT_TRUE(text_of(shown.answer).starts_with("p"));
    EXPECT_TRUE(on(g, 'R', number(12) + "v=").fatal);
}

TEST(greeting, lets_the_client_see_that_it_is_in) {
    greeting g(login(), session_attrs::any);
    g.offer(asks(0, {"_pq_.a"}));
    const auto c = on(g, 'R', ok);
    EXPECT_FALSE(c.instead);
    EXPECT_FALSE(c.fatal);
    EXPECT_EQ(text_of(c.before), message('v', number(three) + number(1) + "_pq_.a\0"s));
}

TEST(greeting, explains_why_the_server_does_not_take_the_key) {
    greeting g(login(), session_attrs::any);
    EXPECT_FALSE(on(g, 'E', "C28P01\0Mno\0\0"s).fatal) << "it was not asked for anything";
    on(g, 'R', both);
    EXPECT_FALSE(on(g, 'E', "C28000\0Mno pg_hba.conf entry\0\0"s).fatal);
    EXPECT_TRUE(on(g, 'E', "C28P01\0Mpassword authentication failed\0\0"s).fatal);
}

TEST(greeting, takes_the_servers_it_is_told_to) {
    using enum session_attrs;
    struct server {
        const char *recovering, *reads_only;
        std::vector<session_attrs> fits;
    };
    const server servers[] = {{"off", "off", {any, read_write, primary}},
                              {"off", "on", {any, read_only, primary}},
                              {"on", "off", {any, read_only, standby}},
                              {"on", "on", {any, read_only, standby}}};
    for (const auto& s : servers)
        for (const auto wanted : {any, read_write, read_only, primary, standby}) {
            greeting g(binding::pass, wanted);
            const auto first = on(g, 'S', "default_transaction_read_only\0"s + s.reads_only + "\0"s);
            EXPECT_FALSE(first.fatal);
            const auto second = on(g, 'S', "in_hot_standby\0"s + s.recovering + "\0"s);
            const bool fits = std::find(s.fits.begin(), s.fits.end(), wanted) != s.fits.end();
            EXPECT_EQ(second.wrong_server, !fits) << s.recovering << s.reads_only << static_cast<int>(wanted);
            EXPECT_EQ(second.fatal.has_value(), !fits);
        }
}

}  // namespace
