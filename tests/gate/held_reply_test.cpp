#include "proxy/held_reply.hpp"

#include <gtest/gtest.h>

#include "protocol/frontend.hpp"

// A statement of the client's between two of ours and a Sync: what of the replies is for the client.

namespace {

using owner = protocol::ledger::reply::owner;

struct held_reply : testing::Test {
    proxy::held_reply held{1};

    bool hear(char tag, char answers, std::string_view body = {}) {
        const bool completes = tag == 'C' || tag == 'Z';
        return held.on_reply({.whose = owner::ours, .answers = answers, .completes = completes}, tag, bytes(body));
    }
    void notice(std::string_view body) { held.on_notice(bytes(body)); }
    static protocol::bytes bytes(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
    std::string tags() const {
        std::string out;
        for (std::size_t at = 0; at < held.messages.size();
             at += protocol::read_header(protocol::bytes(held.messages).subspan(at)).length + std::size_t{1})
            out += static_cast<char>(held.messages[at]);
        return out;
    }
};

TEST_F(held_reply, notices_of_ours_are_for_nobody) {
    notice("before");
    hear('D', 'E');
    hear('C', 'E', std::string_view("SELECT 1\0", 9));
    notice("while it runs");
    hear('C', 'E', std::string_view("ALTER TABLE\0", 12));
    notice("behind");
    hear('D', 'E');
    hear('C', 'E', std::string_view("SELECT 1\0", 9));
    EXPECT_TRUE(hear('Z', 'S', "T"));
    EXPECT_EQ(tags(), "NC");
    EXPECT_EQ(held.command_tag, "ALTER TABLE");
}

TEST_F(held_reply, an_error_behind_it_takes_it_back) {
    hear('C', 'E', std::string_view("SELECT 1\0", 9));
    notice("while it runs");
    hear('C', 'E', std::string_view("ALTER TABLE\0", 12));
    const auto error = protocol::encode_error(protocol::make_error("ERROR", "57014", "canceled"));
    EXPECT_FALSE(held.on_reply({.whose = owner::ours, .answers = 'E', .completes = true}, 'E', protocol::bytes(error).subspan(5)));
    EXPECT_TRUE(hear('Z', 'S', "E"));
    EXPECT_EQ(tags(), "N");
    EXPECT_EQ(held.sqlstate(), "57014");
    EXPECT_FALSE(held.failed_ahead());
}

}  // namespace
