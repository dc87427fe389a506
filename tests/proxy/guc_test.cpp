#include "proxy/guc.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using proxy::parse_time_setting;
using proxy::stricter;

TEST(time_setting, reads_what_show_prints) {
    EXPECT_EQ(parse_time_setting("0"), 0ms);
    EXPECT_EQ(parse_time_setting("1ms"), 1ms);
    EXPECT_EQ(parse_time_setting("500ms"), 500ms);
    EXPECT_EQ(parse_time_setting("5s"), 5000ms);
    EXPECT_EQ(parse_time_setting("1min"), 60'000ms);
    EXPECT_EQ(parse_time_setting("2h"), 7'200'000ms);
    EXPECT_EQ(parse_time_setting("24d"), std::chrono::milliseconds(24 * 86'400'000LL));
}

TEST(time_setting, is_written_as_show_prints_it) {
    for (const auto* text : {"0", "1ms", "20ms", "1500ms", "5s", "90s", "1min", "2h", "36h", "1d"})
        EXPECT_EQ(proxy::time_setting(*parse_time_setting(text)), text);
}

TEST(time_setting, refuses_everything_else) {
    for (const auto* text : {"", "ms", "-1", "5 s", "1.5s", "5us", "on", "99999999999999999999", "9223372036854775807d"})
        EXPECT_FALSE(parse_time_setting(text)) << text;
}

TEST(stricter_limit, zero_is_no_limit) {
    EXPECT_EQ(stricter(0ms, 500ms), 500ms);
    EXPECT_EQ(stricter(500ms, 0ms), 500ms);
    EXPECT_EQ(stricter(0ms, 0ms), 0ms);
    EXPECT_EQ(stricter(200ms, 500ms), 200ms);
}
