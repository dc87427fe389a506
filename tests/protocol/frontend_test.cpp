#include "protocol/frontend.hpp"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "body.hpp"
#include "every_cut.hpp"
#include "protocol/limits.hpp"

namespace {

using protocol::errc;
using wire::exact;
using wire::int16;
using wire::int32;
using wire::text;

// What an encoder made, without its header.
std::string body_of(const protocol::buffer& message) {
    const auto whole = wire::of(message);
    const auto head = protocol::read_header(message);
    EXPECT_EQ(head.length + 1, whole.size());
    return whole.substr(protocol::header_size);
}

TEST(query, round_trip) {
    for (const std::string sql : {"", "select 1", "select 'gr\xc3\xbc\xc3\x9f'"}) {
        const auto message = protocol::encode_query(sql);
        EXPECT_EQ(wire::of(message), wire::message('Q', sql + '\0'));
        const exact body(body_of(message));
        EXPECT_EQ(protocol::decode_query(body.frame())->sql, sql);
    }
}

// The server says 08P01 to both (15.20), so nobody can hide a statement behind a NUL.
TEST(query, is_one_string_and_nothing_else) {
    wire::check_every_cut(text("select 1\0"), [](const exact& b) { return protocol::decode_query(b.frame()); });
    EXPECT_EQ(protocol::decode_query(exact("select 1").frame()).error(), errc::unterminated_string);
    EXPECT_EQ(protocol::decode_query(exact(text("select 1\0drop table t\0")).frame()).error(), errc::trailing_bytes);
}

TEST(parse, round_trip) {
    const std::vector<std::uint32_t> types{23, 0, 0xffffffff};
    const auto message = protocol::encode_parse("s1", "select $1", types);
    EXPECT_EQ(wire::of(message), wire::message('P', text("s1\0select $1\0\0\3") + int32(23) + int32(0) + int32(0xffffffff)));
    const exact body(body_of(message));
    const auto parse = protocol::decode_parse(body.frame());
    EXPECT_EQ(parse->statement, "s1");
    EXPECT_EQ(parse->sql, "select $1");
    ASSERT_EQ(parse->types.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(parse->types[i], types[i]);
    wire::check_every_cut(body_of(message), [](const exact& b) { return protocol::decode_parse(b.frame()); });
}

TEST(parse, without_types) {
    const auto message = protocol::encode_parse("", "select 1");
    EXPECT_EQ(wire::of(message), wire::message('P', text("\0select 1\0\0\0")));
    const exact body(body_of(message));
    EXPECT_EQ(protocol::decode_parse(body.frame())->types.size(), 0u);
}

TEST(parse, hostile_count) {
    for (const auto count : {2u, 0x7fffu, 0x8000u, 0xffffu})
        EXPECT_EQ(protocol::decode_parse(exact(text("\0\0") + int16(count) + int32(23)).frame()).error(), errc::truncated_field);
}

// The server reads the count without a sign.
TEST(parse, as_many_types_as_an_int16_can_count) {
    const std::vector<std::uint32_t> types(65'535, 25);
    const exact body(body_of(protocol::encode_parse("", "select 1", types)));
    EXPECT_EQ(protocol::decode_parse(body.frame())->types.size(), types.size());
    EXPECT_THROW(protocol::encode_parse("", "select 1", std::vector<std::uint32_t>(65'536)), std::length_error);
}

TEST(bind, round_trip) {
    const std::vector<std::optional<std::string>> values{"42", std::nullopt, "", text("a\0b")};
    const auto message = protocol::encode_bind("c", "s1", values);
    const auto octets = int32(2) + "42" + int32(0xffffffff) + int32(0) + int32(3) + text("a\0b");
    EXPECT_EQ(wire::of(message), wire::message('B', text("c\0s1\0") + int16(0) + int16(4) + octets + int16(0)));
    const exact body(body_of(message));
    const auto bind = protocol::decode_bind(body.frame());
    EXPECT_EQ(bind->portal, "c");
    EXPECT_EQ(bind->statement, "s1");
    EXPECT_TRUE(bind->formats.empty());
    EXPECT_EQ(bind->parameters, 4u);
    EXPECT_EQ(protocol::as_text(bind->values), octets);
    EXPECT_TRUE(bind->result_formats.empty());
}

std::string bind_body(const std::string& formats, const std::string& values, const std::string& results) {
    return text("c\0s\0") + formats + values + results;
}

TEST(bind, everything_in_it_is_checked) {
    const auto formats = int16(2) + int16(0) + int16(1);
    const auto values = int16(2) + int32(1) + "x" + int32(0xffffffff);
    const auto results = int16(1) + int16(1);
    const auto whole = bind_body(formats, values, results);
    wire::check_every_cut(whole, [](const exact& b) { return protocol::decode_bind(b.frame()); });
    const exact body(whole);
    const auto bind = protocol::decode_bind(body.frame());
    EXPECT_EQ(protocol::as_text(bind->formats), int16(0) + int16(1));
    EXPECT_EQ(protocol::as_text(bind->values), values.substr(2));
    EXPECT_EQ(protocol::as_text(bind->result_formats), int16(1));
}

TEST(bind, hostile_counts) {
    for (const auto count : {3u, 0x7fffu, 0x8000u, 0xffffu}) {
        for (const auto& body : {bind_body(int16(count), int16(0), int16(0)), bind_body(int16(0), int16(count), int16(0)),
                                 bind_body(int16(0), int16(0), int16(count) + int16(0))})
            EXPECT_EQ(protocol::decode_bind(exact(body).frame()).error(), errc::truncated_field) << count;
    }
    for (const auto length : {3u, 0x7fffffffu, 0x80000000u, 0xfffffffeu})
        EXPECT_EQ(protocol::decode_bind(exact(bind_body(int16(0), int16(1) + int32(length) + "x", int16(0))).frame()).error(),
                  errc::truncated_field)
            << length;
}

// One format is for all values, none too: measured on 15.20, which calls two for one value a protocol violation and
// carries out a Bind with an unused format 7.
TEST(bind, as_many_formats_as_the_server_takes) {
    const auto decoded = [](const std::string& formats, const std::string& values) {
        return protocol::decode_bind(exact(bind_body(formats, values, int16(0))).frame()).has_value();
    };
    const auto two = int16(2) + int32(0) + int32(0);
    EXPECT_TRUE(decoded(int16(0), two));
    EXPECT_TRUE(decoded(int16(1) + int16(1), two));
    EXPECT_TRUE(decoded(int16(1) + int16(7), int16(0)));
    EXPECT_TRUE(decoded(int16(2) + int16(1) + int16(0), two));
    EXPECT_FALSE(decoded(int16(3) + int16(1) + int16(0) + int16(0), two));
    EXPECT_FALSE(decoded(int16(2) + int16(0) + int16(0), int16(0)));
}

TEST(execute, round_trip) {
    for (const std::int32_t rows : {0, 1, 0x7fffffff, -1}) {
        const auto message = protocol::encode_execute("c", rows);
        EXPECT_EQ(wire::of(message), wire::message('E', text("c\0") + int32(static_cast<std::uint32_t>(rows))));
        const exact body(body_of(message));
        const auto execute = protocol::decode_execute(body.frame());
        EXPECT_EQ(execute->portal, "c");
        EXPECT_EQ(execute->rows, rows);
    }
    wire::check_every_cut(text("c\0\0\0\0\1"), [](const exact& b) { return protocol::decode_execute(b.frame()); });
}

TEST(describe_and_close, round_trip) {
    for (const char what : {'S', 'P'}) {
        const auto target = what + text("name\0");
        EXPECT_EQ(wire::of(protocol::encode_close(what, "name")), wire::message('C', target));
        const exact body(target);
        EXPECT_EQ(protocol::decode_describe(body.frame())->what, what);
        EXPECT_EQ(protocol::decode_describe(body.frame())->name, "name");
        EXPECT_EQ(protocol::decode_close(body.frame())->what, what);
        EXPECT_EQ(protocol::decode_close(body.frame())->name, "name");
        wire::check_every_cut(target, [](const exact& b) { return protocol::decode_describe(b.frame()); });
        wire::check_every_cut(target, [](const exact& b) { return protocol::decode_close(b.frame()); });
    }
}

TEST(describe_and_close, are_of_a_statement_or_of_a_portal) {
    EXPECT_EQ(protocol::decode_describe(exact(text("X\0")).frame()).error(), errc::bad_value);
    EXPECT_EQ(protocol::decode_close(exact(text("\0\0")).frame()).error(), errc::bad_value);
}

TEST(sync_and_flush, have_no_body) {
    EXPECT_EQ(wire::of(protocol::encode_sync()), wire::message('S', ""));
    EXPECT_EQ(wire::of(protocol::encode_flush()), wire::message('H', ""));
}

TEST(encoders, refuse_text_that_would_be_read_as_two_fields) {
    EXPECT_THROW(protocol::encode_query(text("a\0b")), std::invalid_argument);
    EXPECT_THROW(protocol::encode_parse(text("a\0b"), "select 1"), std::invalid_argument);
    EXPECT_THROW(protocol::encode_close('S', text("a\0b")), std::invalid_argument);
}

// libpq.h of PostgreSQL 14 and later; each was tried on 15.20: the longest is waited for, one more ends the connection.
TEST(limits, of_the_clients_messages) {
    using protocol::longest_frontend;
    for (const char tag : {'Q', 'P', 'B', 'F', 'd'}) EXPECT_EQ(longest_frontend(tag), 0x3ffffffeu) << tag;
    for (const char tag : {'C', 'D', 'E', 'S', 'X', 'c', 'f', '?'}) EXPECT_EQ(longest_frontend(tag), 10'000u) << tag;
    EXPECT_EQ(longest_frontend('p'), 65'535u);
    EXPECT_EQ(longest_frontend('H'), 4u);
}

}  // namespace
