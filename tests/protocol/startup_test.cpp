#include "protocol/startup.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "body.hpp"
#include "protocol/limits.hpp"

namespace {

using protocol::errc;
using protocol::startup_kind;
using wire::exact;
using wire::int32;
using wire::text;

constexpr std::uint32_t three = 3 << 16;

std::string packet(std::uint32_t code, const std::string& rest) {
    return int32(static_cast<std::uint32_t>(8 + rest.size())) + int32(code) + rest;
}

auto decoded(const std::string& p) { return protocol::decode_startup(exact(p).bytes()); }

TEST(startup, kinds) {
    EXPECT_EQ(protocol::kind_of(three), startup_kind::startup_message);
    EXPECT_EQ(protocol::kind_of(three + 9999), startup_kind::startup_message);
    EXPECT_EQ(protocol::kind_of(80877102), startup_kind::cancel_request);
    EXPECT_EQ(protocol::kind_of(80877103), startup_kind::ssl_request);
    EXPECT_EQ(protocol::kind_of(80877104), startup_kind::gssenc_request);
    for (const auto code : {0u, 2u << 16, 4u << 16, 80877101u, 80877105u, 0xffffffffu})
        EXPECT_EQ(protocol::kind_of(code), startup_kind::unknown) << code;
}

TEST(startup_message, version_and_parameters_in_order) {
    const auto message = decoded(packet(three + 2, text("user\0joe\0options\0\0user\0jim\0\0")));
    ASSERT_TRUE(message);
    EXPECT_EQ(message->version, three + 2);
    const std::vector<std::pair<std::string, std::string>> parameters{{"user", "joe"}, {"options", ""}, {"user", "jim"}};
    EXPECT_EQ(message->parameters, parameters);
}

TEST(startup_message, without_parameters) { EXPECT_TRUE(decoded(packet(three, text("\0")))->parameters.empty()); }

TEST(startup_message, every_cut_is_refused) {
    const auto rest = text("user\0joe\0database\0shop\0\0");
    ASSERT_TRUE(decoded(packet(three, rest)));
    for (std::size_t n = 0; n < rest.size(); ++n) EXPECT_FALSE(decoded(packet(three, rest.substr(0, n)))) << n;
    const auto whole = packet(three, rest);
    for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_EQ(decoded(whole.substr(0, n)).error(), errc::bad_length) << n;
}

TEST(startup_message, ends_with_the_terminator) {
    EXPECT_EQ(decoded(packet(three, text("user\0joe\0\0\0"))).error(), errc::trailing_bytes);
    EXPECT_EQ(decoded(packet(three, text("user\0joe\0x"))).error(), errc::unterminated_string);
    EXPECT_EQ(decoded(packet(three, text("user\0\0"))).error(), errc::unterminated_string);
}

TEST(startup_message, is_as_long_as_it_says_and_as_the_server_takes) {
    const auto of = [](std::size_t size) { return packet(three, "options" + text("\0") + std::string(size - 8 - 10, 'x') + text("\0\0")); };
    ASSERT_EQ(of(10'004).size(), protocol::longest_startup);
    EXPECT_TRUE(decoded(of(10'004)));
    EXPECT_EQ(decoded(of(10'005)).error(), errc::bad_length);
    auto lying = packet(three, text("\0"));
    for (const char length : {'\0', '\x8', '\xa'}) {
        lying[3] = length;
        EXPECT_EQ(decoded(lying).error(), errc::bad_length);
    }
}

TEST(startup_message, is_of_protocol_3) {
    for (const auto code : {2u << 16, 80877102u, 80877103u, 0xffffffffu})
        EXPECT_EQ(decoded(packet(code, text("\0"))).error(), errc::bad_value) << code;
}

TEST(cancel_request, keys_of_every_length_that_there_is) {
    const auto cancel = [](std::size_t length) { return packet(80877102, int32(4711) + std::string(length, 'k')); };
    for (const std::size_t length : {4u, 32u, 256u}) {
        const exact whole(cancel(length));
        const auto request = protocol::decode_cancel(whole.bytes());
        ASSERT_TRUE(request) << length;
        EXPECT_EQ(request->pid, 4711u);
        EXPECT_EQ(protocol::as_text(request->key), std::string(length, 'k'));
    }
    for (const std::size_t length : {0u, 3u, 257u})
        EXPECT_EQ(protocol::decode_cancel(exact(cancel(length)).bytes()).error(), errc::bad_length) << length;
    const auto whole = cancel(4);
    for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(protocol::decode_cancel(exact(whole.substr(0, n)).bytes())) << n;
    EXPECT_EQ(protocol::decode_cancel(exact(packet(80877103, int32(1) + int32(2))).bytes()).error(), errc::bad_value);
}

TEST(cancel_request, is_made_of_the_key_that_the_server_has_given) {
    EXPECT_EQ(protocol::as_text(protocol::encode_cancel(int32(4711) + "secret")), packet(80877102, int32(4711) + "secret"));
}

}  // namespace
