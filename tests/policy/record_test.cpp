#include "policy/record.hpp"

#include <gmock/gmock.h>

namespace {

using testing::IsEmpty;
using values = std::vector<std::optional<std::string>>;

TEST(record_values, are_read_as_the_manual_writes_them) {
    EXPECT_EQ(policy::record_values("(1,a b,t)"), (values{"1", "a b", "t"}));
    EXPECT_EQ(policy::record_values("(\"a,b\",\"c)\",\"(d\")"), (values{"a,b", "c)", "(d"}));
    EXPECT_EQ(policy::record_values("(\"say \"\"so\"\"\",\"back\\\\slash\",\"\"\"\")"), (values{"say \"so\"", "back\\slash", "\""}));
}

TEST(record_values, tell_null_from_an_empty_text) {
    EXPECT_EQ(policy::record_values("(,\"\",)"), (values{std::nullopt, "", std::nullopt}));
    EXPECT_EQ(policy::record_values("()"), (values{std::nullopt}));
}

TEST(record_values, of_no_record_are_none) {
    EXPECT_THAT(policy::record_values(""), IsEmpty());
    EXPECT_THAT(policy::record_values("("), IsEmpty());
    EXPECT_THAT(policy::record_values("1,2"), IsEmpty());
}

}  // namespace
