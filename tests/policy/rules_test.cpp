#include "policy/rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "policy/explain.hpp"
#include "policy/parse.hpp"
#include "policy/quote.hpp"
#include "support/judged.hpp"

namespace {

using namespace policy;
using config::action;
using testing::HasSubstr;

// Every rule's own text is a test.
struct rule_examples : testing::TestWithParam<const rule*> {};

// As `check` judges: the rules that are silent on the wire speak, too.
bool fires(const rule& r, std::string_view sql) {
    const auto d = policy_test::judged(sql, session_facts{}, check_settings({}));
    return std::any_of(d.statements.begin(), d.statements.end(), [&](const statement_decision& s) {
        return std::any_of(s.findings.begin(), s.findings.end(), [&](const finding& f) { return f.rule == r.text.id; });
    });
}

// Where the catalog has to be known, the live tests try it.
TEST_P(rule_examples, before_is_caught) {
    EXPECT_EQ(fires(*GetParam(), GetParam()->text.before), GetParam()->text.given.empty());
}

TEST_P(rule_examples, after_is_allowed) {
    EXPECT_FALSE(fires(*GetParam(), GetParam()->text.after));
    EXPECT_EQ(policy_test::judged(GetParam()->text.after).action, action::allow);
}

TEST_P(rule_examples, what_is_recommended_can_be_parsed) {
    for (const auto text : {GetParam()->text.after, GetParam()->text.given})
        for (const auto& s : parse(text, true)) EXPECT_FALSE(std::holds_alternative<unparseable>(s.what)) << text;
}

TEST_P(rule_examples, what_a_plan_runs_is_itself_allowed) {
    const auto d = policy_test::judged(GetParam()->text.before);
    if (!d.replacement) return;
    for (const auto& s : d.replacement->steps) {
        EXPECT_EQ(policy_test::judged(s.sql).action, action::allow) << s.sql;
        EXPECT_FALSE(s.why.empty()) << s.sql;
        EXPECT_EQ(s.undo.empty(), s.undo_if.empty()) << s.sql;
        EXPECT_EQ(s.undo_done.empty(), s.undo_done_if.empty()) << s.sql;
    }
}

TEST_P(rule_examples, has_everything_that_a_person_needs) {
    const auto& t = GetParam()->text;
    for (const auto text : {t.summary, t.fires_when, t.harm, t.remedy, t.before, t.after}) EXPECT_FALSE(text.empty());
    EXPECT_TRUE(t.harm.ends_with('.') && t.remedy.ends_with('.'));
    EXPECT_FALSE(t.summary.ends_with('.'));
    EXPECT_EQ(t.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos);
    EXPECT_TRUE(supports(*GetParam(), t.action));
    EXPECT_EQ(find_rule(t.id), GetParam());
}

TEST_P(rule_examples, is_explained_in_full) {
    const auto text = explain_text(*GetParam());
    for (const auto part : {GetParam()->text.id, GetParam()->text.before, GetParam()->text.after}) {
        EXPECT_THAT(text, HasSubstr(std::string(part)));
        EXPECT_THAT(rules_markdown(), HasSubstr(std::string(part)));
    }
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find('\n', begin), text.size());
        EXPECT_LE(end - begin, 100u) << text.substr(begin, end - begin);
        begin = end + 1;
    }
}

// Every relation that the text names and does not create itself, as if the transaction had made it just before.
std::string made_before(std::string_view sql) {
    std::set<std::string> names;
    const auto add = [&](const relation_name& n) { names.insert(quote_ident(n)); };
    const auto add_constraint = [&](const constraint_words& k) {
        if (k.referenced) add(*k.referenced);
    };
    std::set<std::string> created;
    for (const auto& s : parse(sql, true)) {
        if (const auto* i = std::get_if<create_index>(&s.what)) add(i->table);
        if (const auto* r = std::get_if<renaming>(&s.what)) add(r->relation);
        if (const auto* q = std::get_if<query>(&s.what))
            for (const auto& w : q->writes) add(w.table);
        if (const auto* d = std::get_if<ddl>(&s.what))
            for (const auto& r : d->relations) r.as == use::created ? void(created.insert(quote_ident(r.name))) : add(r.name);
        if (const auto* a = std::get_if<alter_table>(&s.what)) {
            add(a->relation);
            for (const auto& step : a->steps) {
                if (step.partner) add(*step.partner);
                if (step.constraint) add_constraint(*step.constraint);
                if (step.column) std::for_each(step.column->constraints.begin(), step.column->constraints.end(), add_constraint);
            }
        }
    }
    std::string out = "BEGIN; ";
    for (const auto& name : names)
        if (name != "\"\"" && !created.count(name)) out += "CREATE TABLE " + name + " (id bigint PRIMARY KEY); ";
    return out;
}

// What these find is true whoever sees the relation.
constexpr std::string_view whoever_sees_it[] = {
    "unparseable", "unmodelled",                    // what it does is not known
    "override-not-valid",                           // about a comment
    "timeout-loosened-in-text",                     // about the rest of the session
    "concurrently-in-transaction",                  // the server refuses it in every transaction
    "concurrently-where-impossible",                // the server refuses it
    "domain-validated-at-once", "schema-renamed", "enum-value-renamed", "enum-value-added-in-transaction",  // no relation
    "database-dropped", "owned-objects-dropped", "extension-updated",
};

TEST_P(rule_examples, is_quiet_on_what_the_transaction_has_made) {
    auto sql = std::string(GetParam()->text.before);
    if (sql.starts_with("BEGIN; ")) sql.erase(0, 7);
    sql = made_before(sql) + sql;
    // Advice is about what is created, and given in `check` only.
    const auto settings = GetParam()->text.family == family::advice ? config::settings{} : check_settings({});
    for (const auto& s : policy_test::judged(sql, session_facts{}, settings).statements)
        for (const auto& f : s.findings)
            EXPECT_NE(std::ranges::find(whoever_sees_it, f.rule), std::end(whoever_sees_it)) << sql << "\n" << f.message;
}

INSTANTIATE_TEST_SUITE_P(all, rule_examples, testing::ValuesIn(all_rules().begin(), all_rules().end()), [](const auto& tested) {
    std::string name(tested.param->text.id);
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

TEST(rules, have_names_of_their_own) {
    for (const auto* a : all_rules())
        EXPECT_EQ(std::count_if(all_rules().begin(), all_rules().end(), [&](const rule* b) { return b->text.id == a->text.id; }), 1);
}

TEST(rules, settings_are_checked) {
    EXPECT_FALSE(check_rule_settings({{"table-renamed", action::warn}, {"index-without-concurrently", action::rewrite}}));
    const auto unknown = check_rule_settings({{"tabel-renamed", action::warn}});
    ASSERT_TRUE(unknown);
    EXPECT_EQ(unknown->id, "tabel-renamed");
    EXPECT_THAT(unknown->message, HasSubstr("did you mean 'table-renamed'?"));
    const auto impossible = check_rule_settings({{"column-renamed", action::rewrite}});
    ASSERT_TRUE(impossible);
    EXPECT_THAT(impossible->message, HasSubstr("cannot rewrite"));
}

TEST(explain, a_plan_is_numbered_steps) {
    const auto d = policy_test::judged("CREATE INDEX i ON t (a)");
    ASSERT_TRUE(d.replacement);
    const auto text = explain_text(*d.replacement);
    EXPECT_THAT(text, HasSubstr("1. CREATE INDEX CONCURRENTLY i ON t (a)"));
    EXPECT_THAT(text, HasSubstr("if it fails: DROP INDEX CONCURRENTLY IF EXISTS \"i\""));
}

}  // namespace
