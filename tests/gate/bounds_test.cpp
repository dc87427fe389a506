#include <gtest/gtest.h>

#include "protocol/frontend.hpp"
#include "proxy/gate.hpp"

// What the gate does with a client or a server that goes beyond the ordinary.

namespace {

using protocol::buffer;

buffer message(char tag, std::string_view body = {}) {
    buffer out{static_cast<std::uint8_t>(tag), 0, 0, 0, static_cast<std::uint8_t>(body.size() + 4)};
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

buffer times(std::size_t count, const buffer& one) {
    buffer out;
    for (; count > 0; --count) out.insert(out.end(), one.begin(), one.end());
    return out;
}

struct bounds : testing::Test {
    proxy::gate gate{std::make_shared<config::settings>(), {1, "test"}, [](proxy::audit_record&&) { return std::string(); }};
    proxy::outbox to_server, to_client;

    bounds() {
        gate.on_startup({});
        server(message('R', std::string_view("\0\0\0\0", 4)));
        server(message('Z', "I"));
    }
    std::size_t client(const buffer& b) { return gate.from_client(b, to_server, to_client); }
    void server(const buffer& b) { EXPECT_EQ(gate.from_server(b, to_client, to_server), b.size()); }
};

TEST_F(bounds, a_pipeline_without_end_is_held_back) {
    const auto sync = message('S');
    const auto most = protocol::ledger::most;
    EXPECT_EQ(client(times(most + 10, sync)), most * sync.size());
    EXPECT_TRUE(gate.closed());
    EXPECT_EQ(client(times(10, sync)), 0u);
    server(times(3, message('Z', "I")));
    EXPECT_FALSE(gate.closed());
    EXPECT_EQ(client(times(10, sync)), 3 * sync.size());
    EXPECT_FALSE(gate.fatal());
}

// The data of a COPY are no messages that are owed something: there may be any number of them.
TEST_F(bounds, the_data_of_a_copy_are_not_held_back) {
    client(protocol::encode_query("COPY t FROM STDIN"));
    server(message('G', std::string_view("\0\0\0", 3)));
    const auto data = times(protocol::ledger::most + 10, message('d', "1\n"));
    EXPECT_EQ(client(data), data.size());
    EXPECT_FALSE(gate.closed());
}

struct out_of_place : bounds {
    const buffer statement = protocol::encode_query("SELECT 1");

    out_of_place() {
        client(protocol::encode_query("COPY t FROM STDIN"));
        server(message('G', std::string_view("\0\0\0", 3)));
        EXPECT_EQ(client(statement), 0u);
        EXPECT_TRUE(gate.closed());
        EXPECT_FALSE(gate.fatal());
    }
    static buffer error(std::string_view sqlstate, std::string_view text) {
        return protocol::encode_error(protocol::make_error("ERROR", sqlstate, std::string(text)));
    }
};

TEST_F(out_of_place, in_a_copy_that_goes_on_it_ends_the_session) {
    gate.from_server(error("57014", "COPY from stdin failed: unexpected message type 0x51 during COPY from stdin"), to_client, to_server);
    ASSERT_TRUE(gate.fatal());
    EXPECT_EQ(gate.fatal()->get('C'), "08P01");
}

TEST_F(out_of_place, behind_a_copy_that_has_failed_it_is_taken) {
    server(error("42501", "permission denied for table t"));
    server(message('Z', "I"));
    server(message('Z', "I"));  // ours
    server(message('3'));
    server(message('3'));
    EXPECT_TRUE(gate.closed());
    server(message('Z', "I"));
    EXPECT_FALSE(gate.closed());
    EXPECT_EQ(client(statement), statement.size());
    EXPECT_FALSE(gate.fatal());
}

// A judged message that was taken before the server said that it reads the data of a COPY.
struct held_before_a_copy : bounds {
    held_before_a_copy() {
        for (const auto& m : {protocol::encode_parse("", "COPY t FROM STDIN"), protocol::encode_bind("", "", {}), protocol::encode_execute(""),
                              protocol::encode_sync(), protocol::encode_query("/*judge*/ REFUSE")})
            EXPECT_EQ(client(m), m.size());
        server(message('1'));
        server(message('2'));
        to_server.clear();
        server(message('G', std::string_view("\0\0\0", 3)));
    }
};

TEST_F(held_before_a_copy, the_server_is_asked_and_the_session_ends_where_the_copy_goes_on) {
    ASSERT_FALSE(to_server.empty());
    EXPECT_EQ(to_server.parts().front().front(), 'f');
    gate.from_server(out_of_place::error("57014", "COPY from stdin failed: unexpected message type 0x51 during COPY from stdin"), to_client, to_server);
    ASSERT_TRUE(gate.fatal());
    EXPECT_EQ(gate.fatal()->get('C'), "08P01");
}

TEST_F(held_before_a_copy, it_is_discarded_where_the_copy_has_read_its_sync) {
    server(out_of_place::error("22P02", "invalid input syntax for type integer"));
    server(message('Z', "I"));  // ours, as all that follow
    server(message('3'));
    server(message('3'));
    EXPECT_TRUE(gate.closed());
    server(message('Z', "I"));
    EXPECT_FALSE(gate.closed());
    to_server.clear();
    const auto discarded = protocol::encode_query("SELECT 1");
    EXPECT_EQ(client(discarded), discarded.size());
    EXPECT_TRUE(to_server.empty());
    client(message('S'));
    EXPECT_EQ(to_server.size(), message('S').size());
    EXPECT_FALSE(gate.fatal());
}

TEST_F(bounds, nothing_is_judged_once_the_replies_do_not_fit) {
    server(message('2'));
    EXPECT_FALSE(gate.fatal());
    client(protocol::encode_query("SELECT 1"));
    EXPECT_FALSE(gate.fatal());
    client(protocol::encode_query("/*judge*/ BLOCKING"));
    ASSERT_TRUE(gate.fatal());
    EXPECT_EQ(gate.fatal()->get('C'), "08006");
}

TEST_F(bounds, replies_that_do_not_fit_end_what_is_being_judged) {
    client(protocol::encode_query("/*judge*/ BLOCKING"));
    ASSERT_TRUE(gate.closed());
    server(message('2'));
    EXPECT_TRUE(gate.fatal());
}

}  // namespace
