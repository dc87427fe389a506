#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <vector>

#include "policy/rules.hpp"
#include "support/judged.hpp"

// What Django's contrib apps send, as `manage.py sqlmigrate` prints it: a migration each under "-- app name".
namespace {

using namespace policy;

struct migration {
    std::string name, sql;
};

std::vector<migration> migrations(const std::string& release) {
    std::ifstream file(SOURCE_DIR "/tests/policy/data/django_contrib_" + release + ".sql");
    std::vector<migration> out;
    for (std::string line; std::getline(file, line);) {
        if (line.rfind("-- ", 0) == 0 && line.find(" 00") != std::string::npos)
            out.push_back({line.substr(3), {}});
        else if (!out.empty())
            out.back().sql += line + "\n";
    }
    return out;
}

std::vector<std::string> findings(std::string_view sql, const config::settings& settings) {
    std::vector<std::string> out;
    for (const auto& s : policy_test::judged(sql, session_facts{}, settings).statements)
        for (const auto& f : s.findings) out.push_back(f.rule + " " + f.message);
    return out;
}

struct django_contrib : testing::TestWithParam<const char*> {};

TEST_P(django_contrib, is_all_there) {
    const auto all = migrations(GetParam());
    EXPECT_EQ(all.size(), 23u);
    EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const auto& m) { return m.name.ends_with("0001_initial"); }), 7);
}

// Nothing is known of the server, so every table that is there before counts as large and in use.
TEST_P(django_contrib, initial_migrations_pass_without_a_word) {
    for (const auto& m : migrations(GetParam())) {
        if (!m.name.ends_with("0001_initial")) continue;
        EXPECT_EQ(findings(m.sql, check_settings({})), std::vector<std::string>{}) << m.name;
        EXPECT_EQ(findings(m.sql, {}), std::vector<std::string>{}) << m.name;
    }
}

// Of the migrations that change tables of an earlier one, alone: what is true of any table in use.
TEST_P(django_contrib, later_migrations_say_what_is_true_of_a_large_table) {
    for (const auto& m : migrations(GetParam())) {
        if (m.name.ends_with("0001_initial")) continue;
        std::vector<std::string> rules;
        for (const auto& text : findings(m.sql, check_settings({}))) rules.push_back(text.substr(0, text.find(' ')));
        std::vector<std::string> expected;
        if (m.name.find("0002_remove_content_type_name") != std::string::npos) expected = {"column-dropped"};
        if (m.name.find("0002_alter_domain_unique") != std::string::npos)
            expected = {"unique-constraint-without-index", "index-without-concurrently"};
        EXPECT_EQ(rules, expected) << m.name;
    }
}

INSTANTIATE_TEST_SUITE_P(all, django_contrib, testing::Values("3.2", "4.2"), [](const auto& tested) {
    std::string name = "v" + std::string(tested.param);
    name[name.find('.')] = '_';
    return name;
});

}  // namespace
