#include "policy/partition_proof.hpp"

#include <gtest/gtest.h>

// PostgreSQL's own answers to the same questions are in tests/claims: part.attach_*.
namespace {

using namespace policy;

constexpr std::uint32_t int4 = 23, date = 1082;

relation_facts table(std::uint32_t type, const std::string& check, bool not_null = true) {
    relation_facts r;
    column_facts c;
    c.name = "k";
    c.number = 2;
    c.type = type;
    c.not_null = not_null;
    r.columns.push_back(c);
    r.partition_key = 2;
    constraint_facts k;
    k.kind = constraint_kind::check;
    k.expression = check;
    r.constraints.push_back(k);
    return r;
}

std::string compared(int opno, const std::string& bytes) {
    return "{OPEXPR :opno " + std::to_string(opno) + " :opfuncid 150 :args ({VAR :varno 1 :varattno 2 :vartype 23} {CONST :consttype 23 "
           ":constisnull false :location 50 :constvalue 4 [ " + bytes + " ]}) :location 46}";
}

// k >= 2000 AND k < 3000
const std::string thousand = "{BOOLEXPR :boolop and :args (" + compared(525, "-48 7 0 0 0 0 0 0") + " " +
                             compared(97, "-72 11 0 0 0 0 0 0") + ") :location 1}";

partition_bound range(std::optional<std::string> lower, std::optional<std::string> upper) {
    return {false, true, std::move(lower), std::move(upper)};
}

TEST(partition_proof, a_range_that_the_check_keeps_to) {
    const auto t = table(int4, thousand);
    EXPECT_TRUE(rows_are_within(t, range("2000", "3000"), t));
    EXPECT_TRUE(rows_are_within(t, range("1000", "4000"), t));
    EXPECT_TRUE(rows_are_within(t, range(std::nullopt, "3000"), t));
    EXPECT_FALSE(rows_are_within(t, range("2001", "3000"), t));
    EXPECT_FALSE(rows_are_within(t, range("2000", "2999"), t));
}

TEST(partition_proof, nulls_belong_to_no_range) {
    const auto t = table(int4, thousand, false);
    EXPECT_FALSE(rows_are_within(t, range("2000", "3000"), t));
}

TEST(partition_proof, only_a_valid_check_and_a_literal_prove_something) {
    auto t = table(int4, thousand);
    EXPECT_FALSE(rows_are_within(t, {}, t));
    EXPECT_FALSE(rows_are_within(t, range("two thousand", "3000"), t));
    t.constraints[0].valid = false;
    EXPECT_FALSE(rows_are_within(t, range("2000", "3000"), t));
}

TEST(partition_proof, a_default_partition_that_the_check_keeps_out_of_the_range) {
    const auto t = table(int4, thousand);
    EXPECT_TRUE(rows_are_outside(t, range("3000", "4000"), t));
    EXPECT_TRUE(rows_are_outside(t, range("0", "2000"), t));
    EXPECT_FALSE(rows_are_outside(t, range("2999", "4000"), t));
    EXPECT_FALSE(rows_are_outside(t, range("0", "2001"), t));
}

TEST(partition_proof, dates_are_days_since_2000) {
    // k >= 2024-01-01: 8766 days
    const auto t = table(date, compared(1098, "62 34 0 0 0 0 0 0"));
    EXPECT_TRUE(rows_are_within(t, range("2024-01-01", std::nullopt), t));
    EXPECT_FALSE(rows_are_within(t, range("2024-01-02", std::nullopt), t));
    EXPECT_FALSE(rows_are_within(t, range("yesterday", std::nullopt), t));
}

TEST(partition_proof, each_side_of_an_or_has_to_keep_apart) {
    const auto opposite = "{BOOLEXPR :boolop or :args (" + compared(97, "-48 7 0 0 0 0 0 0") + " " + compared(525, "-72 11 0 0 0 0 0 0") + ") :location 1}";
    const auto t = table(int4, opposite);  // k < 2000 OR k >= 3000
    EXPECT_TRUE(rows_are_outside(t, range("2000", "3000"), t));
    EXPECT_TRUE(rows_are_outside(t, range("2100", "2200"), t));
    EXPECT_FALSE(rows_are_outside(t, range("1999", "3000"), t));
    EXPECT_FALSE(rows_are_outside(t, range("2000", "3001"), t));
    EXPECT_FALSE(rows_are_within(t, range("2000", "3000"), t));
}

}  // namespace
