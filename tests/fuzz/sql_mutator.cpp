#include "sql_mutator.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <stdexcept>

#include "policy/scanner.hpp"
#include "policy/split.hpp"

namespace {

struct piece {
    std::size_t begin, end;
};

std::vector<piece> tokens_of(std::string_view sql) {
    std::vector<piece> out;
    policy::scanner scan(sql, {});
    for (auto t = scan.next(); t.kind != policy::token_kind::end && t.kind != policy::token_kind::broken; t = scan.next())
        out.push_back({t.begin, t.end});
    return out;
}

// A run of tokens, up to eight.
piece run_of(const std::vector<piece>& tokens, std::minstd_rand& dice) {
    if (tokens.empty()) return {0, 0};
    const auto first = dice() % tokens.size();
    const auto last = std::min(first + dice() % 8, tokens.size() - 1);
    return {tokens[first].begin, tokens[last].end};
}

std::string with(std::string_view sql, piece where, std::string_view instead) {
    std::string out(sql.substr(0, where.begin));
    out += ' ';
    out += instead;
    out += ' ';
    return out += sql.substr(where.end);
}

std::string_view text_of(std::string_view sql, piece p) { return sql.substr(p.begin, p.end - p.begin); }

std::string contents(const std::string& path) {
    std::ifstream file(SOURCE_DIR "/" + path, std::ios::binary);
    if (!file) throw std::runtime_error(path + " cannot be read");
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

sql_mutator::sql_mutator(std::vector<std::string> seeds) : seeds_(std::move(seeds)) {
    std::set<std::string, std::less<>> all;
    for (const auto& s : seeds_)
        for (const auto p : tokens_of(s)) all.emplace(text_of(s, p));
    words_.assign(all.begin(), all.end());
}

std::string sql_mutator::mutate(std::string_view sql, std::uint32_t number) const {
    random dice(number);
    std::string out(sql);
    for (auto times = 1 + dice() % 4; times > 0; --times) out = change_one(out, dice);
    return out;
}

std::string sql_mutator::cross(std::string_view a, std::string_view b, std::uint32_t number) const {
    random dice(number);
    return with(a, run_of(tokens_of(a), dice), text_of(b, run_of(tokens_of(b), dice)));
}

std::string sql_mutator::change_one(std::string_view sql, random& dice) const {
    const auto tokens = tokens_of(sql);
    if (tokens.empty()) return seed(dice);
    const auto here = run_of(tokens, dice);
    const auto one = tokens[dice() % tokens.size()];
    switch (dice() % 10) {
    case 0: return seed(dice);
    case 1: return std::string(sql) + "; " + seed(dice);
    case 2: return seed(dice) + "; " + std::string(sql);
    case 3: return with(sql, one, words_[dice() % words_.size()]);
    case 4: return with(sql, {one.end, one.end}, words_[dice() % words_.size()]);
    case 5: return with(sql, here, "");
    case 6: return with(sql, {here.end, here.end}, text_of(sql, here));
    case 7: return with(sql, one, text_of(sql, tokens[dice() % tokens.size()]));
    case 8: {
        const auto& other = seed(dice);
        return with(sql, here, text_of(other, run_of(tokens_of(other), dice)));
    }
    default: {
        const auto& other = seed(dice);
        return with(sql, {one.end, one.end}, text_of(other, run_of(tokens_of(other), dice)));
    }
    }
}

std::vector<std::string> seed_statements() {
    std::vector<std::string> out;
    for (const auto* path : {"tests/claims/lock_corpus.sql", "tests/policy/data/django_contrib_3.2.sql", "tests/bench/statements.sql"}) {
        auto text = contents(path);
        // One statement a line, without semicolons.
        if (text.find(";\n") == text.npos)
            for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos; at += 2) text.insert(at, 1, ';');
        for (const auto statement : policy::split(text, {})) out.emplace_back(statement);
    }
    // What no file has: overrides, blocks (also such as have no model), transactions, sessions.
    for (const auto* more : {"/* lockkeeper: allow table-renamed reason=\"announced\" */ ALTER TABLE t RENAME TO u", "BEGIN", "COMMIT",
                             "SAVEPOINT s", "ROLLBACK TO s", "SET lock_timeout = '1s'", "SET search_path = app", "DEALLOCATE ALL",
                             "DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD a int'; ALTER TABLE t DROP COLUMN b; END $$",
                             "DO $$ BEGIN EXECUTE x; END $$", "DO LANGUAGE plperl 'x'", "DO $$ BEGIN PERFORM f(x); EXECUTE 'DROP ' || y; END $$",
                             "PREPARE p AS DELETE FROM t", "EXPLAIN ANALYZE DELETE FROM t", "WITH x AS (DELETE FROM t) SELECT 1",
                             "SELECT E'\\'' || U&'\\0041' || $x$ ; $x$", "SELECT 1 /* ; /* */ */ -- ;\n"})
        out.emplace_back(more);
    return out;
}
