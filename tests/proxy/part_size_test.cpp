#include "proxy/part_size.hpp"

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using proxy::part_size;

TEST(part_size, grows_while_parts_are_short_and_shrinks_when_they_are_long) {
    part_size size;
    const auto begin = size.rows();
    size.took(5ms, begin);
    EXPECT_EQ(size.rows(), begin * 2);
    size.took(15ms, begin * 2);
    EXPECT_EQ(size.rows(), begin * 2);
    size.took(200ms, begin * 2);
    EXPECT_EQ(size.rows(), begin);
    for (int i = 0; i < 100; ++i) size.took(1ms, size.rows());
    EXPECT_EQ(size.rows(), 10'000u);
    for (int i = 0; i < 100; ++i) size.took(1s, size.rows());
    EXPECT_EQ(size.rows(), 1u);
}

// Behind what an earlier run has done, or in the second round, comes what costs more.
TEST(part_size, grows_less_where_nothing_had_to_be_changed) {
    part_size size;
    for (int i = 0; i < 100; ++i) size.took(1ms, 0);
    EXPECT_EQ(size.rows(), 500u);
    for (int i = 0; i < 4; ++i) size.took(1ms, size.rows());
    size.took(1ms, 0);
    EXPECT_EQ(size.rows(), 8000u);
}

TEST(part_size, a_part_that_has_to_wait_for_others_gives_way_until_it_is_one_row) {
    part_size size;
    EXPECT_EQ(size.lock_timeout(500ms), 20ms);
    EXPECT_EQ(size.lock_timeout(10ms), 10ms);
    EXPECT_EQ(size.lock_timeout(0ms), 20ms);
    for (int i = 0; i < 20; ++i) size.lost_the_lock();
    EXPECT_EQ(size.rows(), 1u);
    EXPECT_EQ(size.lock_timeout(500ms), 500ms);
}

TEST(part_size, the_pause_is_as_long_as_the_part) {
    part_size size;
    EXPECT_EQ(size.pause(), 1ms);
    size.took(40ms, 0);
    EXPECT_EQ(size.pause(), 40ms);
    size.took(1min, 0);
    EXPECT_EQ(size.pause(), 1s);
}

}  // namespace
