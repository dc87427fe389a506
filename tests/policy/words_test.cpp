#include <gtest/gtest.h>

#include "policy/duration.hpp"
#include "policy/index_name.hpp"
#include "policy/quote.hpp"
#include "policy/wording.hpp"

namespace {

using namespace policy;
using std::chrono::milliseconds;

TEST(quote, identifiers_and_literals) {
    EXPECT_EQ(quote_ident("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(quote_ident(relation_name{"s", "t"}), "\"s\".\"t\"");
    EXPECT_EQ(readable(relation_name{"s", "T x"}), "s.\"T x\"");
    EXPECT_EQ(readable("1a"), "\"1a\"");
    EXPECT_EQ(literal("it's"), "'it''s'");
    EXPECT_EQ(literal("a\\'b"), "E'a\\\\''b'");
    EXPECT_EQ(array_literal(std::vector<std::string>{"", "a\"b\\c"}), R"({"","a\"b\\c"})");
}

TEST(duration, as_postgresql_reads_it) {
    EXPECT_EQ(timeout_value("0"), milliseconds(0));
    EXPECT_EQ(timeout_value("250"), milliseconds(250));
    EXPECT_EQ(timeout_value("1.5s"), milliseconds(1500));
    EXPECT_EQ(timeout_value(" 2 min "), milliseconds(120'000));
    EXPECT_EQ(timeout_value("1h"), milliseconds(3'600'000));
    for (const char* wrong : {"", "fast", "5 parsecs", "-1", "inf", "1e300"}) EXPECT_EQ(timeout_value(wrong), std::nullopt) << wrong;
}

TEST(index_name, is_cut_to_63_bytes_at_a_character) {
    const std::vector<std::string> columns{std::string(40, 'c'), std::string(40, 'd')};
    const auto names = index_names(std::string(40, 't'), columns, 2);
    EXPECT_EQ(names[0].size(), 63u);
    EXPECT_EQ(names[1].size(), 63u);
    EXPECT_TRUE(names[0].ends_with("_idx"));
    EXPECT_TRUE(names[1].ends_with("_idx1"));
    EXPECT_EQ(index_names("t", std::vector<std::string>{"expr", "expr"}, 1)[0], "t_expr_expr1_idx");
}

TEST(wording, sizes) {
    EXPECT_EQ(size_text(std::nullopt), "size unknown");
    EXPECT_EQ(size_text(0), "0 bytes");
    EXPECT_EQ(size_text(1536), "1.5 kB");
    EXPECT_EQ(size_text(123u << 20), "123 MB");
}

}  // namespace
