#include "policy/encoding.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "policy/judge.hpp"
#include "policy/lexer.hpp"

namespace {

using policy::masked;
using policy::may_need_judging;
using enum policy::wide_characters;

TEST(encoding, masks_every_byte_of_a_wide_character) {
    EXPECT_EQ(masked("a\x95\x5c'b", sjis), "a\x95\xdc'b");
    EXPECT_EQ(masked("\xb1\x5c", sjis), "\xb1\x5c") << "a half-width character has one byte";
    EXPECT_EQ(masked("\xb1\x5c", two_bytes), "\xb1\xdc");
    EXPECT_EQ(masked("\x81\x30\x81\x30;", gb18030), "\x81\xb0\x81\xb0;");
    EXPECT_EQ(masked("\x8f\x41\x3b;", johab), "\x8f\xc1\xbb;");
    EXPECT_EQ(masked("\xe8\xa1\xa8\\", none), "\xe8\xa1\xa8\\");
}

TEST(encoding, leaves_what_is_cut_off_at_the_end) {
    for (const auto how : {sjis, two_bytes, johab, gb18030}) {
        EXPECT_EQ(masked("a\x95", how).size(), 2u);
        EXPECT_EQ(masked("", how), "");
    }
}

TEST(encoding, is_known_by_the_servers_name_for_it) {
    EXPECT_EQ(policy::wide_characters_of("SJIS"), sjis);
    EXPECT_EQ(policy::wide_characters_of("UHC"), two_bytes);
    EXPECT_EQ(policy::wide_characters_of("JOHAB"), johab);
    EXPECT_EQ(policy::wide_characters_of("GB18030"), gb18030);
    for (const auto* safe : {"UTF8", "EUC_JP", "EUC_TW", "LATIN1", "SQL_ASCII", "MULE_INTERNAL", ""})
        EXPECT_EQ(policy::wide_characters_of(safe), none) << safe;
}

// Two statements to a server that knows the encoding, one to whoever takes bytes for characters.
constexpr const char* hidden = "SELECT E'\x95\x5c'; DROP TABLE t; --'";

TEST(encoding, decides_where_a_literal_ends) {
    EXPECT_FALSE(may_need_judging(hidden, {}));
    EXPECT_TRUE(may_need_judging(hidden, {.characters = sjis}));
    EXPECT_TRUE(may_need_judging(hidden, {.in_doubt = true}));
    EXPECT_FALSE(may_need_judging("SELECT E'\x95\x5c'", {.characters = sjis}));
    EXPECT_FALSE(may_need_judging("SELECT E'\xe8\xa1\xa8\\n', 'a'", {.in_doubt = true}));
}

TEST(encoding, what_it_hides_is_refused_and_the_rest_passes) {
    EXPECT_FALSE(policy::read_script(hidden, {.characters = sjis}).harmless());
    EXPECT_FALSE(policy::read_script(hidden, {.in_doubt = true}).harmless());
    EXPECT_TRUE(policy::read_script("SELECT E'\x95\x5c'", {.characters = sjis}).harmless());
    const auto verdict = policy::judge(policy::read_script("DROP TABLE \x95\x5c", {.characters = sjis}), {}, {}, {});
    ASSERT_NE(policy::leading_finding(verdict), nullptr);
    EXPECT_EQ(policy::leading_finding(verdict)->rule, "client-encoding");
    EXPECT_EQ(policy::leading_finding(verdict)->sqlstate, "LK004");
}

TEST(encoding, of_a_long_text_is_a_doubt_wherever_the_pieces_end) {
    for (std::size_t cut = 0; cut < std::string_view(hidden).size(); ++cut) {
        policy::long_look look({.characters = sjis});
        const bool first = look.may_need_judging(std::string_view(hidden).substr(0, cut), false);
        EXPECT_TRUE(first || look.may_need_judging(std::string_view(hidden).substr(cut), true)) << cut;
    }
}

TEST(reading, of_a_backslash_is_in_doubt_while_a_set_may_be_on_its_way) {
    constexpr const char* two = "SELECT '\\''; DROP TABLE t; --'";
    EXPECT_FALSE(may_need_judging(two, {}));
    EXPECT_TRUE(may_need_judging(two, {.in_doubt = true}));
    EXPECT_FALSE(policy::read_script(two, {.in_doubt = true}).harmless());
    EXPECT_TRUE(policy::read_script("SELECT 'a\\b'", {.in_doubt = true}).harmless());
}

TEST(reading, of_execute_hangs_on_what_is_prepared) {
    for (const auto* sql : {"EXECUTE p", "EXPLAIN ANALYZE EXECUTE p", "SELECT 1; EXECUTE p", "EXECUTE \"p\" (1)"}) {
        EXPECT_FALSE(may_need_judging(sql, {})) << sql;
        EXPECT_TRUE(may_need_judging(sql, {.runs_prepared = true})) << sql;
        const auto script = policy::read_script(sql, {});
        const auto names = script.runs_prepared();
        EXPECT_EQ(std::vector<std::string>(names.begin(), names.end()), std::vector<std::string>{"p"}) << sql;
    }
}

}  // namespace
