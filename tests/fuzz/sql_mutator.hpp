#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

// Changes SQL token by token, so that most of what comes out is still SQL. Whole statements of the seeds come in, tokens are
// swapped, doubled, dropped, and taken from other statements of the same kind of place.
class sql_mutator {
public:
    explicit sql_mutator(std::vector<std::string> seeds);

    std::string mutate(std::string_view sql, std::uint32_t seed) const;
    std::string cross(std::string_view a, std::string_view b, std::uint32_t seed) const;

private:
    using random = std::minstd_rand;

    std::string change_one(std::string_view sql, random& dice) const;
    const std::string& seed(random& dice) const { return seeds_[dice() % seeds_.size()]; }

    std::vector<std::string> seeds_;  // statements
    std::vector<std::string> words_;  // every token that is in them, once
};

// The statements of the project's own SQL: the lock corpus, Django's migrations, what the benchmark judges.
std::vector<std::string> seed_statements();
