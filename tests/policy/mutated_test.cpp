#include <gtest/gtest.h>

#include <algorithm>

#include "../fuzz/sql_mutator.hpp"
#include "policy/script.hpp"
#include "support/judged.hpp"

// What tests/fuzz/fuzz_policy.cpp looks for, with the same texts every time: what comes of SQL that no parser, or no model,
// knows.

namespace {

using config::action;
using policy_test::judged;

template <class Kind>
bool holds(const policy::script& text) {
    const auto& all = text.words().statements;
    return std::any_of(all.begin(), all.end(), [](const auto& s) { return std::holds_alternative<Kind>(s.what); });
}

config::settings with(config::unparseable answer) {
    config::settings s;
    s.unparseable = answer;
    return s;
}

TEST(mutated, what_cannot_be_understood_gets_the_configured_answer) {
    const auto guard = with(config::unparseable::guard), reject = with(config::unparseable::reject);
    const auto seeds = seed_statements();
    const sql_mutator mutator(seeds);
    std::size_t unparseable = 0, unmodelled = 0, understood = 0;
    for (std::uint32_t n = 0; n < 8'000; ++n) {
        const auto sql = mutator.mutate(seeds[n % seeds.size()], n);
        const auto text = policy::read_script(sql, {});
        unparseable += holds<policy::unparseable>(text);
        unmodelled += holds<policy::unmodelled>(text);
        if (!holds<policy::unparseable>(text) && !holds<policy::unmodelled>(text)) {
            ++understood;
            continue;
        }
        const auto guarded = policy::judge(text, {}, {}, guard);
        EXPECT_GE(guarded.action, action::warn) << sql;
        EXPECT_EQ(guarded.timeouts, policy::timeout_class::blocking) << sql;
        EXPECT_EQ(policy::judge(text, {}, {}, reject).action, action::reject) << sql;
    }
    RecordProperty("unparseable", std::to_string(unparseable));
    RecordProperty("unmodelled", std::to_string(unmodelled));
    EXPECT_GT(unparseable, 1000u);
    EXPECT_GT(unmodelled, 10u);
    EXPECT_GT(understood, 1000u) << "the mutator must leave SQL";
}

}  // namespace
