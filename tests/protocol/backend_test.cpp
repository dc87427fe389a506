#include "protocol/backend.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body.hpp"
#include "every_cut.hpp"

namespace {

using protocol::errc;
using wire::exact;
using wire::int16;
using wire::int32;
using wire::text;

TEST(error_response, round_trip) {
    auto error = protocol::make_error("ERROR", "LK001", "refused");
    error.set('H', "do it otherwise");
    const auto body = text("SERROR\0VERROR\0CLK001\0Mrefused\0Hdo it otherwise\0\0");
    EXPECT_EQ(wire::of(protocol::encode_error(error)), wire::message('E', body));
    EXPECT_EQ(wire::of(protocol::encode_notice(error)), wire::message('N', body));
    const exact whole(body);
    EXPECT_EQ(protocol::decode_error(whole.bytes())->all(), error.all());
    wire::check_every_cut(body, [](const exact& b) { return protocol::decode_error(b.bytes()); });
}

TEST(error_response, any_field_may_be_missing_empty_or_unknown) {
    const exact none(text("\0")), some(text("M\0\xf0new\0\0"));
    EXPECT_TRUE(protocol::decode_error(none.bytes())->all().empty());
    const auto error = *protocol::decode_error(some.bytes());
    EXPECT_EQ(error.all().size(), 2u);
    EXPECT_EQ(error.get('C'), "");
    EXPECT_EQ(error.get('\xf0'), "new");
}

TEST(error_response, no_field_comes_twice) {
    EXPECT_EQ(protocol::decode_error(exact(text("CLK001\0C00000\0\0")).bytes()).error(), errc::bad_value);
}

TEST(error_fields, set_and_remove) {
    auto error = protocol::make_error("ERROR", "42601", "no");
    error.set('M', "nothing");
    error.remove('V');
    error.remove('P');
    EXPECT_EQ(error.get('M'), "nothing");
    EXPECT_EQ(wire::of(protocol::encode_error(error)), wire::message('E', text("SERROR\0C42601\0Mnothing\0\0")));
}

TEST(ready_for_query, round_trip) {
    for (const char status : {'I', 'T', 'E'}) {
        EXPECT_EQ(wire::of(protocol::encode_ready(status)), wire::message('Z', {status}));
        EXPECT_EQ(*protocol::decode_ready(exact({&status, 1}).bytes()), status);
    }
    wire::check_every_cut("T", [](const exact& b) { return protocol::decode_ready(b.bytes()); });
    EXPECT_EQ(protocol::decode_ready(exact("X").bytes()).error(), errc::bad_value);
}

TEST(command_complete, round_trip) {
    EXPECT_EQ(wire::of(protocol::encode_command_complete("INSERT 0 1")), wire::message('C', text("INSERT 0 1\0")));
    const exact body(text("INSERT 0 1\0"));
    EXPECT_EQ(*protocol::decode_command_complete(body.bytes()), "INSERT 0 1");
    wire::check_every_cut(text("SELECT 1\0"), [](const exact& b) { return protocol::decode_command_complete(b.bytes()); });
}

TEST(backend_key_data, keys_of_every_length_that_there_is) {
    for (const std::size_t length : {4u, 32u, 256u}) {
        const exact body(int32(0xfffffffe) + std::string(length, 'k'));
        const auto key = protocol::decode_backend_key(body.bytes());
        EXPECT_EQ(key->pid, 0xfffffffeu);
        EXPECT_EQ(protocol::as_text(key->key), std::string(length, 'k'));
    }
    for (const std::size_t length : {0u, 3u, 257u})
        EXPECT_EQ(protocol::decode_backend_key(exact(int32(1) + std::string(length, 'k')).bytes()).error(), errc::bad_length);
    for (std::size_t length = 0; length < 4; ++length)
        EXPECT_EQ(protocol::decode_backend_key(exact(std::string(length, 'p')).bytes()).error(), errc::truncated_field);
}

TEST(parameter_status, is_two_strings) {
    const auto body = text("TimeZone\0Europe/Berlin\0");
    const exact whole(body);
    const auto parameter = protocol::decode_parameter_status(whole.bytes());
    EXPECT_EQ(parameter->first, "TimeZone");
    EXPECT_EQ(parameter->second, "Europe/Berlin");
    wire::check_every_cut(body, [](const exact& b) { return protocol::decode_parameter_status(b.bytes()); });
}

TEST(data_row, round_trip) {
    const auto body = int16(3) + int32(2) + "42" + int32(0xffffffff) + int32(0);
    const std::vector<std::optional<std::string>> columns{"42", std::nullopt, ""};
    EXPECT_EQ(*protocol::decode_data_row(exact(body).bytes()), columns);
    EXPECT_TRUE(protocol::decode_data_row(exact(int16(0)).bytes())->empty());
    wire::check_every_cut(body, [](const exact& b) { return protocol::decode_data_row(b.bytes()); });
}

TEST(data_row, hostile_counts_and_lengths) {
    for (const auto count : {2u, 0x7fffu, 0xffffu})
        EXPECT_EQ(protocol::decode_data_row(exact(int16(count) + int32(0)).bytes()).error(), errc::truncated_field) << count;
    for (const auto length : {3u, 0x7fffffffu, 0x80000000u, 0xfffffffeu})
        EXPECT_EQ(protocol::decode_data_row(exact(int16(1) + int32(length) + "42").bytes()).error(), errc::truncated_field);
}

// Measured on 15.20: a client that asks for 3.2 with _pq_.foo is offered 3.0 and told about the one option.
TEST(negotiate_protocol_version, names_the_version_and_what_is_unknown) {
    const auto body = int32(3 << 16) + int32(2) + text("_pq_.foo\0_pq_.bar\0");
    const exact whole(body);
    const auto offer = protocol::decode_negotiate_protocol_version(whole.bytes());
    EXPECT_EQ(offer->version, 3u << 16);
    EXPECT_EQ(offer->unknown_options, (std::vector<std::string_view>{"_pq_.foo", "_pq_.bar"}));
    wire::check_every_cut(body, [](const exact& b) { return protocol::decode_negotiate_protocol_version(b.bytes()); });
}

TEST(negotiate_protocol_version, hostile_counts) {
    for (const auto count : {2u, 0x7fffffffu, 0x80000000u, 0xffffffffu}) {
        const exact body(int32(3 << 16) + int32(count) + text("\0"));
        EXPECT_EQ(protocol::decode_negotiate_protocol_version(body.bytes()).error(), errc::truncated_field) << count;
    }
}

}  // namespace
