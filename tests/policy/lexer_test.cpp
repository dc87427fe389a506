#include "policy/lexer.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace {

using policy::lexing;
using policy::may_need_judging;

constexpr lexing standard{true}, old_style{false};

struct text {
    const char* sql;
    friend std::ostream& operator<<(std::ostream& out, const text& t) { return out << t.sql; }
};

struct passes : testing::TestWithParam<text> {};
TEST_P(passes, at_once) { EXPECT_FALSE(may_need_judging(GetParam().sql, standard)); }

INSTANTIATE_TEST_SUITE_P(
    lexer, passes,
    testing::Values(
        text{""}, text{"  \n\t"}, text{";;"}, text{"-- nothing"}, text{"/* nothing /* at */ all */"},
        text{"SELECT abalance FROM pgbench_accounts WHERE aid = 1;"}, text{"select 1"}, text{"((SELECT 1))"},
        text{"UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 1"}, text{"DELETE FROM t WHERE a = 1"},
        text{"delete from t using u where t.a = u.a returning t.a as b"}, text{"DELETE FROM t WHERE CURRENT OF c"},
        text{"INSERT INTO t (create_date) VALUES ('DROP TABLE t; DELETE FROM u')"},
        text{"INSERT INTO t VALUES (1) ON CONFLICT (a) DO UPDATE SET b = 1"}, text{"INSERT INTO t SELECT * FROM u"},
        text{"SELECT * FROM t FOR UPDATE"}, text{"SELECT * FROM t FOR NO KEY UPDATE"}, text{"(SELECT a FROM t FOR UPDATE)"},
        text{"SELECT \"delete\", 'create table' FROM \"alter\""}, text{"SELECT $$DELETE FROM t$$, $x$ ; DROP TABLE t; $x$"},
        text{"SELECT 1; SELECT 2;"}, text{"BEGIN; UPDATE t SET a = 1 WHERE b = 2; COMMIT"}, text{"VALUES (1), (2)"},
        text{"TABLE t"}, text{"SET search_path = a, b"}, text{"SET LOCAL lock_timeout = '1s'"}, text{"RESET ALL"},
        text{"SHOW lock_timeout"}, text{"BEGIN ISOLATION LEVEL SERIALIZABLE"}, text{"START TRANSACTION"}, text{"COMMIT"},
        text{"END"}, text{"ROLLBACK TO SAVEPOINT s"}, text{"SAVEPOINT s"}, text{"RELEASE s"}, text{"FETCH 10 FROM c"},
        text{"MOVE c"}, text{"CLOSE c"}, text{"LISTEN x"}, text{"NOTIFY x, 'y'"}, text{"UNLISTEN *"}, text{"CHECKPOINT"},
        text{"COPY t FROM STDIN"}, text{"COPY (SELECT * FROM t WHERE a = 1) TO STDOUT"}, text{"DECLARE c CURSOR FOR SELECT 1"},
        text{"WITH x AS (SELECT 1) SELECT * FROM x"}, text{"WITH x AS (DELETE FROM t WHERE a = 1 RETURNING 1) SELECT 1"},
        text{"WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x"}, text{"WITH x AS (SELECT 1) DELETE FROM t WHERE a = 1"},
        text{"EXPLAIN SELECT 1"}, text{"EXPLAIN (ANALYZE, BUFFERS) SELECT * FROM t WHERE a = 1"},
        text{"EXPLAIN ANALYZE UPDATE t SET a = 1 WHERE b = 1"}, text{"EXECUTE p (1)"},
        text{"MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE"}, text{"SELECT a /* ; DROP TABLE t */ FROM t -- ; DROP"},
        text{"SELECT E'it\\'s; DROP TABLE t'"}, text{"SELECT 'a\\', 1"}, text{"SELECT U&'\\0041', U&\"d\\0061t\" FROM t"},
        text{"SELECT a$b$c FROM t"}, text{"SELECT $1, $2"}, text{"SELECT count(*) FILTER (WHERE a > 1) FROM t"}));

struct is_judged : testing::TestWithParam<text> {};
TEST_P(is_judged, under_both_settings) {
    EXPECT_TRUE(may_need_judging(GetParam().sql, standard));
    EXPECT_TRUE(may_need_judging(GetParam().sql, old_style));
}

INSTANTIATE_TEST_SUITE_P(
    lexer, is_judged,
    testing::Values(
        text{"CREATE TABLE t (a int)"}, text{"create/**/table t()"}, text{" \n(;CREATE TABLE t (a int)"}, text{"ALTER TABLE t ADD a int"},
        text{"DROP TABLE t"}, text{"TRUNCATE t"}, text{"LOCK t"}, text{"DO $$BEGIN END$$"}, text{"CALL p()"}, text{"REINDEX TABLE t"},
        text{"CLUSTER t"}, text{"VACUUM t"}, text{"ANALYZE t"}, text{"REFRESH MATERIALIZED VIEW m"}, text{"COMMENT ON TABLE t IS 'x'"},
        text{"GRANT SELECT ON t TO u"}, text{"DEALLOCATE p"}, text{"DEALLOCATE ALL"}, text{"DISCARD ALL"}, text{"PREPARE p AS DELETE FROM t"},
        text{"REASSIGN OWNED BY a TO b"}, text{"IMPORT FOREIGN SCHEMA s FROM SERVER x INTO y"}, text{"FROBNICATE t"},
        text{"-- x\nDROP TABLE t"}, text{"-- x\rDROP TABLE t"}, text{"/* /* */ SELECT */ DROP TABLE t"}, text{"; ; DROP TABLE t"},
        text{"SELECT 1; DROP TABLE t"}, text{"SELECT ';'; DROP TABLE t"}, text{"SELECT $a$ ; $a$; DROP TABLE t"},
        text{"SELECT 1$a$ ;$a$; DROP TABLE t"}, text{"SELECT E'\\'; SELECT '; DROP TABLE t; --'"}, text{"SELECT \"x\"; DROP TABLE t"},
        text{"SELECT a--b\n; DROP TABLE t"}, text{"SELECT a */**/ b; DROP TABLE t"},
        // UPDATE and DELETE that nothing limits
        text{"DELETE FROM t"}, text{"UPDATE t SET a = 1"}, text{"DELETE FROM t RETURNING a AS where"},
        text{"DELETE FROM t RETURNING t.where"}, text{"UPDATE t SET a = 1 RETURNING a AS \"x\", b AS where"},
        text{"UPDATE t SET a = (SELECT b FROM u WHERE u.a = 1)"}, text{"DELETE FROM t USING (SELECT 1 WHERE true) x"},
        text{"DELETE FROM t; SELECT 1 WHERE true"}, text{"WITH x AS (DELETE FROM t RETURNING 1) SELECT 1 WHERE true"},
        text{"WITH x AS (SELECT 1 WHERE true) DELETE FROM t"}, text{"WITH update AS (SELECT 1) UPDATE t SET a = 1"},
        text{"WITH insert AS (SELECT 1) DELETE FROM t"},
        text{"WITH a AS (WITH b AS (SELECT 1) DELETE FROM t RETURNING 1) SELECT 1 WHERE true"},
        text{"WITH RECURSIVE a AS (SELECT 1) SEARCH DEPTH FIRST BY x SET y DELETE FROM t"},
        text{"COPY (DELETE FROM t RETURNING a) TO STDOUT"}, text{"COPY (WITH x AS (SELECT 1) DELETE FROM t RETURNING a) TO STDOUT"},
        text{"INSERT INTO u WITH x AS (DELETE FROM t RETURNING a) SELECT * FROM x"}, text{"EXPLAIN ANALYZE DELETE FROM t"},
        text{"EXPLAIN (ANALYZE) UPDATE t SET a = 1"}, text{"EXPLAIN (ANALYZE) CREATE TABLE u AS SELECT 1"},
        text{"EXPLAIN ANALYZE REFRESH MATERIALIZED VIEW m"},
        // SELECT INTO makes a table
        text{"SELECT * INTO u FROM t"}, text{"SELECT a INTO TEMP u FROM t"}, text{"WITH x AS (SELECT 1) SELECT * INTO u FROM x"},
        text{"(SELECT 1 AS a INTO u)"}, text{"SELECT 1 INTO u UNION SELECT 2"},
        text{"SELECT 1 insert INTO u"}, text{"SELECT (1) merge INTO u"}, text{"WITH x AS (SELECT 1) SELECT (1) insert INTO u"},
        text{"(WITH x AS (SELECT 1) SELECT (1) insert INTO u)"},
        // what cannot be told
        text{"SELECT 'open"}, text{"SELECT E'open\\'"}, text{"SELECT \"open"}, text{"SELECT $a$ open $b$"}, text{"/* open"}, text{"/* /* */"},
        text{"SELECT (1; DROP TABLE t"}, text{"SELECT 1) ; SELECT 2"}, text{"SELECT E'a'\n'b\\'; DROP TABLE t; --'"},
        text{"SELECT E'a' -- c\n 'b\\'; DROP TABLE t; --'"}, text{"\"create\" table"}, text{"'x'"}, text{"1"}, text{"?"}));

// With standard_conforming_strings off a backslash escapes the quote behind it, so the literal ends elsewhere.
TEST(lexer, a_backslash_in_a_plain_literal_is_a_doubt_where_it_may_escape) {
    for (const char* sql : {R"(SELECT 'a\', 1)", R"(SELECT '\'; DROP TABLE t; --')", R"(SELECT 'C:\dir')"}) {
        EXPECT_TRUE(may_need_judging(sql, old_style)) << sql;
    }
    EXPECT_FALSE(may_need_judging(R"(SELECT 'C:\dir')", standard));
    EXPECT_FALSE(may_need_judging("SELECT 'plain'", old_style));
    EXPECT_FALSE(may_need_judging(R"(SELECT "a\b", E'\\', $$\$$)", old_style));
    EXPECT_TRUE(may_need_judging(R"(SELECT '\'; DROP TABLE t; --')", standard));  // here the literal ends before the DROP
}

TEST(lexer, a_nul_byte_is_a_doubt) {
    EXPECT_TRUE(may_need_judging(std::string_view("SELECT 1\0; DROP TABLE t", 23), standard));
}

// The same answer from pieces, however the text is cut.
bool in_pieces(const std::string& sql, lexing how, const std::vector<std::size_t>& cuts) {
    policy::long_look look(how);
    std::size_t at = 0;
    for (const auto cut : cuts) {
        if (look.may_need_judging(std::string_view(sql).substr(at, cut - at), false)) return true;
        at = cut;
    }
    return look.may_need_judging(std::string_view(sql).substr(at), true);
}

void expect_same_in_pieces(const std::string& sql) {
    for (const auto how : {standard, old_style}) {
        const bool whole = may_need_judging(sql, how);
        std::vector<std::size_t> all;
        for (std::size_t i = 0; i <= sql.size(); ++i) {
            all.push_back(i);
            EXPECT_EQ(in_pieces(sql, how, {i}), whole) << sql << " cut at " << i;
        }
        EXPECT_EQ(in_pieces(sql, how, all), whole) << sql << " byte by byte";
    }
}

TEST_P(passes, in_pieces_too) { expect_same_in_pieces(GetParam().sql); }
TEST_P(is_judged, in_pieces_too) { expect_same_in_pieces(GetParam().sql); }

TEST(lexer, reads_random_texts_in_random_pieces_as_it_reads_them_whole) {
    std::mt19937 random(17);
    const std::vector<std::string> parts{"'",  "''", "\"", "$",  "$a$", "a",  "/*", "*/", "*", "/", "-",      "--",    "\n", " ",
                                         "\\", "e",  "E'", "e''", ";",   "(",  ")",  ",",  "1", ".", "select", "drop ", "u&", "\r"};
    for (int i = 0; i < 20'000; ++i) {
        std::string sql = "select ";
        for (auto count = random() % 12; count > 0; --count) sql += parts[random() % parts.size()];
        std::vector<std::size_t> cuts;
        for (std::size_t at = 0; at < sql.size(); at += random() % 4) cuts.push_back(at);
        const lexing how{random() % 2 == 0};
        ASSERT_EQ(in_pieces(sql, how, cuts), may_need_judging(sql, how)) << sql << testing::PrintToString(cuts);
    }
}

TEST(lexer, what_is_kept_from_piece_to_piece_is_bounded) {
    const std::string piece(1 << 16, 'x');
    for (const char* opening : {"SELECT '", "SELECT E'", "SELECT \"", "SELECT $a$", "SELECT /*", "SELECT --"}) {
        policy::long_look look(standard);
        EXPECT_FALSE(look.may_need_judging(opening, false));
        for (int i = 0; i < 10; ++i) EXPECT_FALSE(look.may_need_judging(piece, false)) << opening;
    }
    for (const char* token : {"a", "1", "/*", "$"}) {
        policy::long_look look(standard);
        bool doubt = look.may_need_judging("SELECT ", false);
        for (int i = 0; i < 10'000 && !doubt; ++i) doubt = look.may_need_judging(token[0] == '$' && i > 0 ? "a" : token, false);
        EXPECT_TRUE(doubt) << token;
    }
}

// Every way to cut a text short leaves something that the lexer answers without reading past its end (ASan watches).
TEST(lexer, any_prefix_is_answered) {
    const std::string sql = "WITH x AS (DELETE FROM t RETURNING 'a''b', E'\\'', U&\"q\", $t$ $t$) /* /* */ */ SELECT 1 -- c\n; DROP";
    for (std::size_t n = 0; n <= sql.size(); ++n) {
        const std::string exact = sql.substr(0, n);
        may_need_judging(exact, standard);
        may_need_judging(exact, old_style);
    }
}

}  // namespace
