#include "protocol/reader.hpp"

#include <string>

#include <gtest/gtest.h>

#include "body.hpp"
#include "protocol/writer.hpp"

namespace {

using protocol::errc;
using protocol::reader;
using protocol::writer;
using wire::exact;
using wire::text;

TEST(reader, reads_integers_in_network_byte_order) {
    const exact body(text("\x01\x02\x03\xff\xfe\xfd\xfc"));
    reader in(body.bytes());
    EXPECT_EQ(in.int8(), 1);
    EXPECT_EQ(in.int16(), 0x0203);
    EXPECT_EQ(in.int32(), 0xfffefdfcu);
    EXPECT_TRUE(in.finish(true));
}

TEST(reader, a_short_field_fails_and_everything_after_it_is_empty) {
    const exact body(text("\x01\x02\x03"));
    reader in(body.bytes());
    EXPECT_EQ(in.int32(), 0u);
    EXPECT_TRUE(in.failed());
    EXPECT_EQ(in.int8(), 0);
    EXPECT_EQ(in.string(), "");
    EXPECT_TRUE(in.take(1).empty());
    EXPECT_EQ(in.count16(1), 0u);
    EXPECT_EQ(in.finish(true).error(), errc::truncated_field);
}

TEST(reader, tells_the_first_reason) {
    const exact body(text("abc"));
    reader in(body.bytes());
    in.string();
    in.int32();
    EXPECT_EQ(in.finish(true).error(), errc::unterminated_string);
}

TEST(reader, a_string_ends_at_its_first_nul) {
    const exact body(text("ab\0\0c"));
    reader in(body.bytes());
    EXPECT_EQ(in.string(), "ab");
    EXPECT_EQ(in.string(), "");
    EXPECT_EQ(protocol::as_text(in.rest()), "c");
}

TEST(reader, refuses_what_is_left_over) {
    const exact body(text("ab"));
    reader in(body.bytes());
    in.int8();
    EXPECT_EQ(in.finish(true).error(), errc::trailing_bytes);
    in.int8();
    EXPECT_TRUE(in.finish(true));
}

TEST(reader, takes_nothing_from_nothing) {
    reader in({});
    EXPECT_TRUE(in.take(0).empty());
    EXPECT_TRUE(in.finish(true));
    in.string();
    EXPECT_EQ(in.finish(true).error(), errc::unterminated_string);
}

TEST(reader, a_count_has_to_fit_into_the_rest) {
    const exact body(wire::int16(2) + "12345678");
    EXPECT_EQ(reader(body.bytes()).count16(4), 2u);
    reader in(body.bytes());
    EXPECT_EQ(in.count16(5), 0u);
    EXPECT_EQ(in.finish(true).error(), errc::truncated_field);
}

TEST(reader, hostile_counts_are_refused_whatever_they_are_multiplied_by) {
    for (const auto n : {0x7fffffffu, 0x80000000u, 0xffffffffu}) {
        const exact body(wire::int32(n) + "12345678");
        for (const std::size_t item : {1u, 4u, 8u}) {
            reader in(body.bytes());
            EXPECT_EQ(in.count32(item), 0u);
            EXPECT_TRUE(in.failed());
        }
    }
}

TEST(reader, knows_null_from_empty) {
    const exact body(wire::int32(0xffffffff) + wire::int32(0) + wire::int32(2) + "ab");
    reader in(body.bytes());
    EXPECT_TRUE(in.sized().null);
    const auto empty = in.sized();
    EXPECT_FALSE(empty.null);
    EXPECT_TRUE(empty.octets.empty());
    EXPECT_EQ(protocol::as_text(in.sized().octets), "ab");
    EXPECT_TRUE(in.finish(true));
}

TEST(reader, a_negative_length_is_no_length) {
    for (const auto length : {0xfffffffeu, 0x80000000u, 0x7fffffffu, 3u}) {
        const exact body(wire::int32(length) + "ab");
        reader in(body.bytes());
        EXPECT_FALSE(in.sized().null);
        EXPECT_EQ(in.finish(true).error(), errc::truncated_field) << length;
    }
}

TEST(writer, enters_the_length) {
    EXPECT_EQ(wire::of(writer('S').finish()), wire::message('S', ""));
    EXPECT_EQ(wire::of(writer('x').int8('a').int16(0x0102).int32(0x03040506).string("b").finish()),
              wire::message('x', text("a\1\2\3\4\5\6b\0")));
    EXPECT_EQ(wire::of(writer('x').sized(std::nullopt).sized("").sized("ab").finish()),
              wire::message('x', wire::int32(0xffffffff) + wire::int32(0) + wire::int32(2) + "ab"));
}

TEST(writer, throws_at_what_cannot_be_said) {
    EXPECT_THROW(writer('Q').string(text("select 1\0; drop table t")), std::invalid_argument);
    EXPECT_THROW(writer('B').count16(65'536), std::length_error);
    EXPECT_EQ(wire::of(writer('B').count16(65'535).finish()), wire::message('B', "\xff\xff"));
}

}  // namespace
