#include "protocol/ring.hpp"

#include <deque>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace {

using protocol::ring;

std::vector<int> contents(const ring<int>& r) { return {r.begin(), r.end()}; }

TEST(ring, gives_back_a_block_that_has_grown) {
    ring<int> r;
    EXPECT_EQ(r.capacity(), 0u);
    r.push_back(1);
    const auto first = r.capacity();
    for (int i = 0; i < 100; ++i) r.push_back(i);
    EXPECT_GT(r.capacity(), first);
    while (!r.empty()) r.pop_front();
    EXPECT_EQ(r.capacity(), 0u);
    r.push_back(2);
    EXPECT_EQ(contents(r), std::vector<int>{2});
}

// No allocation for each query of a client that waits for every answer.
TEST(ring, keeps_its_first_block) {
    ring<int> r;
    r.push_back(1);
    const auto first = r.capacity();
    const auto* const where = &r.front();
    r.pop_front();
    EXPECT_EQ(r.capacity(), first);
    for (std::size_t i = 0; i < 2 * first; ++i) {
        r.push_back(2);
        EXPECT_EQ(contents(r), std::vector<int>{2});
        r.pop_front();
    }
    r.clear();
    EXPECT_TRUE(r.empty());
    r.push_back(3);
    EXPECT_EQ(&r.front(), where);
}

// With every distance of the front from the start of the block.
TEST(ring, keeps_order_when_it_grows_round_the_corner) {
    for (int gone = 0; gone < 8; ++gone) {
        ring<int> r;
        std::vector<int> expected;
        for (int i = 0; i <= gone; ++i) r.push_back(-1);
        for (int i = 0; i < 20; ++i) {
            r.push_back(i);
            expected.push_back(i);
            if (i < gone + 1) r.pop_front();
        }
        EXPECT_EQ(contents(r), expected) << gone;
        EXPECT_EQ(r.front(), 0);
        EXPECT_EQ(r.back(), 19);
        EXPECT_EQ(r[7], 7);
    }
}

TEST(ring, takes_a_copy_of_its_own_element_while_it_grows) {
    ring<int> r;
    for (int i = 0; i < 8; ++i) r.push_back(i);
    r.push_back(r.front());
    EXPECT_EQ(r.back(), 0);
}

TEST(ring, a_copy_has_its_own_elements) {
    ring<int> r;
    r.push_back(1);
    auto copy = r;
    copy.push_back(2);
    r.pop_front();
    EXPECT_EQ(contents(copy), (std::vector<int>{1, 2}));
    copy = r;
    EXPECT_TRUE(copy.empty());
}

TEST(ring, iterators_step_and_measure) {
    ring<int> r;
    for (int i = 0; i < 12; ++i) r.push_back(i);
    for (int i = 0; i < 3; ++i) r.pop_front();
    const auto at = r.begin() + 4;
    EXPECT_EQ(*at, 7);
    EXPECT_EQ(at - r.begin(), 4);
    EXPECT_EQ(r.end() - at, 5);
    EXPECT_LT(r.begin(), at);
    EXPECT_EQ(at[-1], 6);
    *r.begin() = 42;
    EXPECT_EQ(r.front(), 42);
    static_assert(std::random_access_iterator<ring<int>::iterator>);
    static_assert(std::random_access_iterator<ring<int>::const_iterator>);
}

TEST(ring, does_what_a_deque_does) {
    std::mt19937 random(1);  // the same walk every time
    ring<int> r;
    std::deque<int> d;
    for (int step = 0; step < 100'000; ++step) {
        const bool growing = step / 1000 % 2 == 0;
        if (d.empty() || random() % 10 < (growing ? 7u : 3u)) {
            r.push_back(step);
            d.push_back(step);
        } else {
            r.pop_front();
            d.pop_front();
        }
        ASSERT_EQ(r.size(), d.size());
        if (d.empty()) continue;
        ASSERT_EQ(r.front(), d.front());
        ASSERT_EQ(r.back(), d.back());
        ASSERT_EQ(r[d.size() / 2], d[d.size() / 2]);
    }
}

}  // namespace
