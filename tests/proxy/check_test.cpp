#include "proxy/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <sstream>

#include "policy/rules.hpp"
#include "proxy/check_django.hpp"
#include "proxy/check_report.hpp"

namespace {

using namespace proxy;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<checked_statement> checked(std::string_view sql, policy::session_facts session = {}) {
    std::vector<checked_statement> out;
    check_text(sql, "a.sql", std::move(session), policy::check_settings({}), nullptr,
               [&](const checked_statement& c) { out.push_back(c); });
    return out;
}

std::string report(const std::vector<checked_statement>& all, std::string_view format, bool colours = false) {
    std::ostringstream out;
    const auto r = make_report(format, out, colours);
    for (const auto& c : all) r->add(c);
    r->end();
    return out.str();
}

std::vector<std::string> found(std::string_view sql) {
    std::vector<std::string> rules;
    for (const auto& c : checked(sql))
        for (const auto& f : c.verdict.findings) rules.push_back(f.rule);
    return rules;
}

TEST(check, goes_on_behind_a_syntax_error_and_says_where_it_is) {
    const auto all = checked("SELECT 1;\n\n  ALTER TABL x;\n/* why */ DROP TABLE y;");
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[1].verdict.findings.at(0).rule, "unparseable");
    EXPECT_EQ(all[1].line, 3u);
    EXPECT_EQ(all[1].column, 9u);
    EXPECT_EQ(all[1].source, "  ALTER TABL x;");
    EXPECT_EQ(all[2].line, 4u);
    EXPECT_EQ(all[2].column, 11u);
    EXPECT_EQ(all[2].sql, "DROP TABLE y");
}

TEST(check, statements_are_messages_of_their_own) {
    EXPECT_EQ(checked("SELECT 1; CREATE INDEX i ON t (a)").at(1).decision.action, config::action::rewrite);
    EXPECT_EQ(checked("SET lock_timeout = 0; ALTER TABLE t ADD a int").at(1).decision.action, config::action::allow);
    EXPECT_EQ(checked("BEGIN; CREATE INDEX i ON t (a); COMMIT").at(1).decision.action, config::action::rewrite);
    policy::session_facts inside;
    inside.in_transaction = true;
    EXPECT_EQ(checked("CREATE INDEX i ON t (a)", inside).at(0).decision.action, config::action::rewrite);
}

TEST(check, a_table_that_the_file_has_made_is_new_to_the_end_of_it) {
    constexpr auto index = "; CREATE INDEX i ON t (a)";
    const std::string table = "CREATE TABLE t (a int PRIMARY KEY)";
    EXPECT_THAT(found(table + index), ElementsAre());
    EXPECT_THAT(found("BEGIN; " + table + "; COMMIT" + index), ElementsAre());
    EXPECT_THAT(found("BEGIN; " + table + "; ROLLBACK" + index), ElementsAre("index-without-concurrently"));
    EXPECT_THAT(found("BEGIN; " + table + "; DROP TABLE t; COMMIT" + index), ElementsAre("index-without-concurrently"));
    EXPECT_THAT(found("BEGIN; SAVEPOINT s; " + table + "; ROLLBACK TO s; COMMIT" + index), ElementsAre("index-without-concurrently"));
}

TEST(check, under_another_search_path_a_name_is_another_table) {
    const std::string moved = "; SET search_path = app; CREATE INDEX i ON t (a)";
    EXPECT_THAT(found("CREATE TABLE t (a int PRIMARY KEY)" + moved), ElementsAre("index-without-concurrently"));
    EXPECT_THAT(found("BEGIN; CREATE TABLE t (a int PRIMARY KEY)" + moved + "; COMMIT"), ElementsAre("index-without-concurrently"));
    EXPECT_THAT(found("SET search_path = app; CREATE TABLE t (a int PRIMARY KEY); CREATE INDEX i ON t (a)"), ElementsAre());
}

TEST(check, a_transaction_is_remembered_until_it_ends) {
    const std::string added = "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID; ";
    EXPECT_THAT(found("BEGIN; " + added + "ALTER TABLE t VALIDATE CONSTRAINT k; COMMIT"), ElementsAre("validated-where-added"));
    EXPECT_THAT(found(added + "ALTER TABLE t VALIDATE CONSTRAINT k"), ElementsAre());
}

TEST(check, djangos_own_migrations_pass_without_a_word) {
    std::ifstream file(SOURCE_DIR "/tests/policy/data/django_contrib_3.2.sql");
    const std::string sql{std::istreambuf_iterator<char>(file), {}};
    const auto all = checked(sql);
    EXPECT_GT(all.size(), 100u);
    for (const auto& c : all)
        for (const auto& f : c.verdict.findings) ADD_FAILURE() << c.line << ": " << f.rule << ": " << c.sql;
}

TEST(check, json_has_the_fields_that_scripts_read) {
    const auto all = checked("CREATE INDEX i ON s.t (a)");
    const auto parsed = boost::json::parse(report(all, "json"));
    const auto& s = parsed.at("statements").at(0);
    EXPECT_EQ(s.at("kind"), "CREATE INDEX");
    EXPECT_EQ(s.at("lock_mode"), "SHARE");
    EXPECT_EQ(s.at("relations").at(0).at("name"), "s.t");
    EXPECT_EQ(s.at("verdict"), "rewrite");
    EXPECT_EQ(s.at("class"), "blocking");
    EXPECT_TRUE(s.at("builds_index").as_bool());
    EXPECT_FALSE(s.at("rewrites").as_bool());
    EXPECT_EQ(s.at("plan").at(0).at("transaction"), "own");
    EXPECT_EQ(s.at("findings").at(0).at("rule"), "index-without-concurrently");
    EXPECT_TRUE(boost::json::parse(report(checked("SELECT 1"), "json")).at("statements").at(0).at("lock_mode").is_null());
}

TEST(check, sarif_points_at_rules_that_it_lists) {
    const auto parsed = boost::json::parse(report(checked("SELECT 1;\n TRUNCATE t"), "sarif"));
    EXPECT_EQ(parsed.at("version"), "2.1.0");
    const auto& run = parsed.at("runs").at(0);
    const auto& rules = run.at("tool").at("driver").at("rules").as_array();
    EXPECT_EQ(rules.size(), policy::all_rules().size());
    const auto& result = run.at("results").at(0);
    EXPECT_EQ(rules.at(result.at("ruleIndex").to_number<std::size_t>()).at("id"), result.at("ruleId"));
    EXPECT_EQ(result.at("level"), "warning");
    const auto& where = result.at("locations").at(0).at("physicalLocation");
    EXPECT_EQ(where.at("artifactLocation").at("uri"), "a.sql");
    EXPECT_EQ(where.at("region").at("startLine"), 2);
    EXPECT_EQ(where.at("region").at("startColumn"), 2);
}

TEST(check, of_a_long_line_it_shows_what_is_around_the_place) {
    std::string sql;
    for (int i = 0; i < 300; ++i) sql += "SELECT '\xc3\xa9'; ";
    for (std::size_t spaces = 0; spaces < 12; ++spaces) {  // every byte is once the first, and the last, that is in reach
        const std::string some(spaces, ' ');
        const auto all = checked(sql + some + "TRUNCATE t;" + some + sql);
        const auto& c = all.at(300);
        EXPECT_EQ(c.column, sql.size() + spaces + 1);
        EXPECT_EQ(c.source.substr(c.source_column - 1, 11), "TRUNCATE t;");
        EXPECT_LE(c.source.size(), 400u);
        EXPECT_NE(c.source.front(), '\xa9');
        EXPECT_NE(c.source.back(), '\xc3');
    }
}

TEST(check, sarif_counts_columns_as_editors_do_and_escapes_paths) {
    std::vector<checked_statement> all;
    check_text("/* \xc3\xa9\xf0\x9f\x90\x98 */ TRUNCATE t", "a b/\xc3\xa9.sql", {}, policy::check_settings({}), nullptr,
               [&](const checked_statement& c) { all.push_back(c); });
    const auto parsed = boost::json::parse(report(all, "sarif"));
    const auto& where = parsed.at("runs").at(0).at("results").at(0).at("locations").at(0).at("physicalLocation");
    EXPECT_EQ(where.at("artifactLocation").at("uri"), "a%20b/%C3%A9.sql");
    EXPECT_EQ(where.at("region").at("startColumn"), 11);
}

TEST(check, github_commands_are_escaped) {
    auto all = checked("TRUNCATE t");
    all[0].file = "a,b:c.sql";
    all[0].verdict.findings[0].message = "100 %\nof it";
    const auto printed = report(all, "github");
    EXPECT_THAT(printed, testing::StartsWith("::warning file=a%2Cb%3Ac.sql,line=1,col=1,title=truncate::100 %25%0Aof it. "));
    EXPECT_EQ(std::count(printed.begin(), printed.end(), '\n'), 1);
}

TEST(check, text_has_a_caret_below_the_place) {
    const auto printed = report(checked("SELECT 1;\n\tTRUNCATE t"), "text");
    EXPECT_THAT(printed, HasSubstr("a.sql:2:2: warn truncate\n  2 | \tTRUNCATE t\n    | \t^\n"));
    EXPECT_THAT(printed, HasSubstr("1 finding in 2 statements"));
    EXPECT_EQ(printed.find('\033'), std::string::npos);
    EXPECT_THAT(report(checked("TRUNCATE t"), "text", true), HasSubstr("\033["));
}

TEST(check, reads_djangos_plan) {
    EXPECT_THAT(unapplied("[X]  contenttypes.0001_initial\n[ ]  shop.0002_a\r\n[ ]  shop.0003_b ... (shop.0002_a)\n(no migrations)\n[ ]"),
                testing::ElementsAre("shop.0002_a", "shop.0003_b"));
    EXPECT_TRUE(unapplied("").empty());
}

}  // namespace
