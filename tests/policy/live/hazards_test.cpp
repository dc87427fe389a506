#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "facts.hpp"
#include "policy/rules.hpp"
#include "policy/split.hpp"

// Every hazard of tests/policy/data/hazards.sql, and every rule's own example, judged with the facts of a live server.
namespace {

using namespace policy;

// What every case finds in its database.
constexpr auto given = R"(
CREATE TABLE customers (id bigint PRIMARY KEY, name text);
CREATE INDEX customers_name ON customers (name);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint, number int, status varchar(20), total numeric(10,2), note text,
                     created_at timestamp);
CREATE INDEX orders_status ON orders (status);
INSERT INTO customers VALUES (1, 'x');
INSERT INTO orders VALUES (1, 1, 1, 'new', 1, 'x', now());
CREATE TABLE events (id bigint NOT NULL, owner bigint) PARTITION BY RANGE (id);
CREATE INDEX events_id ON events (id);
CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (1000);
)";

struct hazard_case {
    std::string name, sql;
    std::map<std::string, std::string> says;  // "rules", "setup" ...
    int line = 0;
};

std::vector<hazard_case> cases() {
    std::ifstream file(SOURCE_DIR "/tests/policy/data/hazards.sql");
    std::vector<hazard_case> all;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.rfind("-- # ", 0) == 0) {
            all.push_back({line.substr(5), {}, {}, number});
        } else if (all.empty() || line.empty()) {
            continue;
        } else if (line.rfind("-- ", 0) == 0) {
            const auto colon = line.find(':');
            all.back().says[line.substr(3, colon - 3)] = line.substr(std::min(colon + 2, line.size()));
        } else {
            all.back().sql += line;
        }
    }
    return all;
}

std::string said(const hazard_case& c, const std::string& what) {
    const auto found = c.says.find(what);
    return found == c.says.end() ? "" : found->second;
}

// One client in a database of its own; every table counts as large.
class stand {
public:
    stand() { client_.run(given); }

    void prepare(const std::string& sql) {
        for (const auto statement : split(sql, {})) client_.run(statement);
    }

    session_facts facts(const hazard_case& c) {
        if (const auto zone = said(c, "zone"); !zone.empty()) client_.run("SET TimeZone = '" + zone + "'");
        auto facts = client_.facts();
        if (const auto version = said(c, "version"); !version.empty()) facts.server_version = std::stoi(version);
        return facts;
    }

    decision judged(std::string_view sql, const session_facts& session) {
        config::settings settings;
        settings.small_table = 0;
        const auto text = read_script(sql, {});
        std::vector<catalog_rows> answers;
        for (const auto& query : text.catalog_queries(session)) answers.push_back(client_.rows(query));
        const auto d = judge(text, session, answers, check_settings(settings));
        expect_the_same_in_short(d, text, session, check_settings(settings));
        return d;
    }

    std::string error_of(const std::string& sql) { return client_.error_of(sql); }

private:
    // Where the short question has an answer, that leads to the same judgement.
    void expect_the_same_in_short(const decision& d, const script& text, const session_facts& session, const config::settings& settings) {
        const auto question = text.short_question(session, settings);
        const auto rows = question ? client_.rows(*question) : catalog_rows{};
        if (rows.empty()) return;
        EXPECT_EQ(told(judge(text, session, std::vector<policy::catalog_rows>{rows}, settings)), told(d));
    }

    static std::string told(const decision& d) {
        std::string out;
        for (const auto& s : d.statements) {
            for (const auto& f : s.findings) out += f.rule + ": " + f.message + " " + f.detail + "\n";
            for (const auto& r : s.relations)
                out += r.relation + " " + std::string(name(r.lock)) + " " + std::to_string(static_cast<int>(r.work)) + " " +
                       std::to_string(r.size.value_or(0)) + (r.visible ? " visible\n" : "\n");
            for (const auto& done : s.deeds) out += std::to_string(static_cast<int>(done.what)) + " " + done.relation + " " + done.name + "\n";
        }
        return out + std::to_string(static_cast<int>(d.timeouts)) + (d.replacement ? " instead" : "");
    }

    std::string database_ = live::the_server().create_database();
    live::session client_{database_};
};

std::vector<std::string> rules_of(const decision& d) {
    std::vector<std::string> found;
    for (const auto& s : d.statements)
        for (const auto& f : s.findings) found.push_back(f.rule);
    return found;
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const auto& w : words) out += (out.empty() ? "" : " ") + w;
    return out.empty() ? "-" : out;
}

struct hazards : testing::TestWithParam<hazard_case> {};

TEST_P(hazards, the_rules_that_are_named_speak_and_no_others) {
    const auto& c = GetParam();
    SCOPED_TRACE("hazards.sql:" + std::to_string(c.line) + " " + c.name + ": " + c.sql);
    if (c.says.count("unseen")) {
        EXPECT_TRUE(c.sql.empty() && !said(c, "unseen").empty());
        return;
    }
    stand s;
    s.prepare(said(c, "setup"));
    const auto session = s.facts(c);
    EXPECT_EQ(joined(rules_of(s.judged(c.sql, session))), said(c, "rules"));
    // That the statement is what it is taken for, the server says.
    EXPECT_EQ(s.error_of(c.sql).substr(0, 5), said(c, "fails"));
}

INSTANTIATE_TEST_SUITE_P(all, hazards, testing::ValuesIn(cases()), [](const auto& tested) {
    return "line_" + std::to_string(tested.param.line);
});

// What the gate has done in the transaction before: tests/integration/test_transactions.py has them.
bool needs_a_gate(const rule& r) { return r.text.id == "deferred-work-named"; }

TEST(hazards_file, names_only_rules_that_exist_and_every_one_of_them) {
    std::set<std::string> named;
    for (const auto& c : cases()) {
        std::istringstream rules(said(c, "rules"));
        for (std::string id; rules >> id;)
            if (id != "-") named.insert(id);
    }
    for (const auto& id : named) EXPECT_TRUE(find_rule(id)) << id;
    for (const auto* r : all_rules())
        EXPECT_TRUE(named.count(std::string(r->text.id)) || r->text.id == "override-not-valid" || needs_a_gate(*r)) << r->text.id;
}

// What is done already cannot be done again.
bool is_refused_by_the_server(const rule& r) { return r.text.id == "done-already"; }

struct examples_with_facts : testing::TestWithParam<const rule*> {};

std::vector<const rule*> rules_with_facts() {
    std::vector<const rule*> out;
    for (const auto* r : all_rules())
        if (!r->text.given.empty() && !needs_a_gate(*r)) out.push_back(r);
    return out;
}

TEST_P(examples_with_facts, before_is_caught_and_after_is_allowed) {
    const auto& t = GetParam()->text;
    stand s;
    s.prepare(std::string(t.given));
    const auto session = s.facts({});
    const auto before = rules_of(s.judged(t.before, session)), after = rules_of(s.judged(t.after, session));
    EXPECT_EQ(std::count(before.begin(), before.end(), t.id), 1) << joined(before);
    EXPECT_EQ(std::count(after.begin(), after.end(), t.id), 0);
    EXPECT_EQ(s.error_of("BEGIN; " + std::string(t.before) + "; ROLLBACK").empty(), !is_refused_by_the_server(*GetParam()));
    s.error_of("ROLLBACK");
    EXPECT_EQ(s.error_of(std::string(t.after)), "");
}

INSTANTIATE_TEST_SUITE_P(all, examples_with_facts, testing::ValuesIn(rules_with_facts()), [](const auto& tested) {
    std::string name(tested.param->text.id);
    std::replace(name.begin(), name.end(), '-', '_');
    return name;
});

}  // namespace
