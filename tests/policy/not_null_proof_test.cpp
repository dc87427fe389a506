#include "policy/not_null_proof.hpp"

#include <gtest/gtest.h>

namespace {

using policy::columns_proved_not_null;

// As pg_constraint.conbin shows them on PostgreSQL 15, shortened where it does not matter.
const std::string first = "{NULLTEST :arg {VAR :varno 1 :varattno 5 :vartype 23 :location 46} :nulltesttype 1 :argisrow false :location 51}";
const std::string second = "{NULLTEST :arg {VAR :varno 1 :varattno 7 :vartype 23 :location 46} :nulltesttype 1 :argisrow false :location 51}";
const std::string comparison = "{OPEXPR :opno 521 :args ({VAR :varno 1 :varattno 3} {CONST :consttype 23 :constvalue 4 [ 0 0 0 0 0 0 0 0 ]}) :location 9}";

TEST(not_null_proof, a_null_test_of_a_column) {
    EXPECT_EQ(columns_proved_not_null(first), std::vector{5});
    EXPECT_TRUE(columns_proved_not_null("{NULLTEST :arg {VAR :varno 1 :varattno 5} :nulltesttype 0 :argisrow false}").empty());
    EXPECT_TRUE(columns_proved_not_null("{NULLTEST :arg {FUNCEXPR :funcid 1 :args ({VAR :varattno 5})} :nulltesttype 1}").empty());
    EXPECT_TRUE(columns_proved_not_null(comparison).empty());
}

TEST(not_null_proof, conjunctions_and_disjunctions) {
    EXPECT_EQ(columns_proved_not_null("{BOOLEXPR :boolop and :args (" + comparison + " " + first + " " + second + ") :location 1}"),
              (std::vector{5, 7}));
    EXPECT_TRUE(columns_proved_not_null("{BOOLEXPR :boolop or :args (" + first + " " + second + ") :location 1}").empty());
    EXPECT_FALSE(columns_proved_not_null("{BOOLEXPR :boolop or :args (" + first + " " + first + ") :location 1}").empty());
    EXPECT_TRUE(columns_proved_not_null("{BOOLEXPR :boolop not :args (" + first + ") :location 1}").empty());
    const std::string is_null = "{NULLTEST :arg {VAR :varattno 5} :nulltesttype 0 :argisrow false}";
    EXPECT_EQ(columns_proved_not_null("{BOOLEXPR :boolop not :args (" + is_null + ") :location 1}"), std::vector{5});
    EXPECT_EQ(columns_proved_not_null("{BOOLEXPR :boolop not :args ({BOOLEXPR :boolop or :args (" + is_null + " " + comparison + ")})}"),
              std::vector{5});
    EXPECT_TRUE(columns_proved_not_null("{BOOLEXPR :boolop not :args ({BOOLEXPR :boolop and :args (" + is_null + " " + comparison + ")})}").empty());
}

TEST(not_null_proof, survives_what_is_no_tree) {
    for (const char* text : {"", "{", "{NULLTEST", "{NULLTEST :arg", "(((", "}})", ":arg :arg", "{BOOLEXPR :boolop and :args ({"})
        EXPECT_TRUE(columns_proved_not_null(text).empty()) << text;
}

}  // namespace
