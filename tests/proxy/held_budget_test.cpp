#include "proxy/held_budget.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

namespace {

using proxy::held_budget;
using proxy::held_share;
using enum held_budget::of;

TEST(held_budget, nothing_is_taken_that_there_is_no_room_for) {
    held_budget budget;
    budget.set_limit(100);
    held_share one(&budget), other(&budget);
    EXPECT_TRUE(one.grow_to(60, all));
    EXPECT_FALSE(other.grow_to(41, all));
    EXPECT_TRUE(other.empty());
    EXPECT_TRUE(other.grow_to(40, all));
    EXPECT_FALSE(one.grow_to(61, all));
    EXPECT_TRUE(one.grow_to(60, half)) << "it has that much already";
    EXPECT_EQ(budget.taken(), 100u);
    one.give_back();
    EXPECT_TRUE(one.empty());
    EXPECT_TRUE(other.grow_to(100, all));
}

TEST(held_budget, half_of_it_is_left_to_what_may_change_the_schema) {
    held_budget budget;
    budget.set_limit(100);
    held_share rows(&budget), more_rows(&budget), ddl(&budget);
    EXPECT_TRUE(rows.grow_to(50, half));
    EXPECT_FALSE(rows.grow_to(51, half));
    EXPECT_FALSE(more_rows.grow_to(1, half));
    EXPECT_TRUE(ddl.grow_to(50, all));
    rows.give_back();
    EXPECT_FALSE(more_rows.grow_to(1, half));
}

TEST(held_budget, no_limit_counts_all_the_same) {
    held_budget budget;
    held_share all_there_is(&budget);
    EXPECT_TRUE(all_there_is.grow_to(std::uint64_t{1} << 40, half));
    EXPECT_EQ(budget.taken(), std::uint64_t{1} << 40);
    budget.set_limit(100);  // by a reload: who has too much keeps it
    EXPECT_FALSE(all_there_is.grow_to((std::uint64_t{1} << 40) + 1, all));
    EXPECT_FALSE(held_share(&budget).grow_to(1, all));
    held_share uncounted(nullptr);
    EXPECT_TRUE(uncounted.grow_to(1000, all));
    EXPECT_TRUE(uncounted.empty());
}

TEST(held_budget, a_share_goes_back_with_the_last_who_has_its_object) {
    held_budget budget;
    {
        held_share share(&budget), before(&budget);
        ASSERT_TRUE(share.grow_to(10, all) && before.grow_to(5, all));
        before.join(share);
        EXPECT_TRUE(share.empty());
        auto text = proxy::with_share(std::make_shared<const std::string>("text"), before);
        EXPECT_TRUE(before.empty());
        EXPECT_EQ(proxy::with_share(std::shared_ptr<const std::string>(), share), nullptr);
        const auto remembered = text;
        text.reset();
        EXPECT_EQ(budget.taken(), 15u);
        EXPECT_EQ(*remembered, "text");
    }
    EXPECT_EQ(budget.taken(), 0u);
}

TEST(held_budget, many_threads_share_it) {
    constexpr int threads = 4, rounds = 20'000;
    held_budget budget;
    budget.set_limit(10);
    std::atomic<int> refused = 0;
    std::vector<std::thread> all_of_them;
    for (int t = 0; t < threads; ++t)
        all_of_them.emplace_back([&] {
            for (int i = 0; i < rounds; ++i) {
                held_share share(&budget);
                if (!share.grow_to(1, half) || !share.grow_to(4, all)) ++refused;
                if (budget.taken() > 10) ADD_FAILURE() << "more than the limit";
            }
        });
    for (auto& one : all_of_them) one.join();
    EXPECT_EQ(budget.taken(), 0u);
    EXPECT_LT(refused, threads * rounds);
}

}  // namespace
