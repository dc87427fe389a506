#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "policy/judge.hpp"
#include "policy/parse.hpp"

// The statements of tests/claims/lock_corpus.sql: nearly every statement that PostgreSQL has.
namespace {

std::vector<std::string> corpus() {
    std::ifstream file(SOURCE_DIR "/tests/claims/lock_corpus.sql");
    std::vector<std::string> statements;
    bool started = false;
    std::string line, statement;
    while (std::getline(file, line)) {
        started = started || line == "--@corpus";
        if (line.rfind("--# ", 0) == 0 && !statement.empty()) statements.push_back(std::exchange(statement, {}));
        if (started && !line.empty() && line.rfind("--", 0) != 0) statement += line + "\n";
    }
    statements.push_back(statement);
    return statements;
}

bool known_to_the_grammar(const policy::statement& s) { return !std::holds_alternative<policy::unparseable>(s.what); }

TEST(corpus, is_all_there) { EXPECT_GT(corpus().size(), 840u); }

TEST(corpus, the_lexer_never_lets_a_schema_change_pass) {
    for (const auto& sql : corpus())
        for (const auto& s : policy::parse(sql, true)) EXPECT_TRUE(policy::harmless(s) || policy::may_need_judging(sql, {})) << sql;
}

TEST(corpus, nothing_of_it_is_unmodelled_but_blocks) {
    for (const auto& sql : corpus())
        for (const auto& s : policy::parse(sql, true)) {
            const auto* u = std::get_if<policy::unmodelled>(&s.what);
            EXPECT_TRUE(!u || u->what == "DO") << sql;
            EXPECT_TRUE(!known_to_the_grammar(s) || !s.kind.empty()) << sql;
        }
}

TEST(corpus, every_statement_is_judged_to_the_end) {
    for (const auto& sql : corpus()) {
        const auto d = policy::judge(policy::read_script(sql, {}), {}, {}, {});
        for (const auto& s : d.statements) EXPECT_LE(s.offset + s.length, sql.size()) << sql;
        for (const auto& s : d.statements)
            for (const auto& f : s.findings) EXPECT_FALSE(f.message.empty() || f.hint.empty()) << sql;
    }
}

}  // namespace
