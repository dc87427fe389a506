#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "policy/catalog.hpp"
#include "policy/judge.hpp"
#include "server.hpp"

namespace live {

// A database of the test's own, a client whose facts are asked for, and another session.
struct catalog_facts_test : testing::Test {
    std::string database = the_server().create_database();
    session client{database};
    session other{database};

    policy::catalog_facts ask(std::string_view sql) {
        const auto script = policy::read_script(sql, {});
        std::vector<policy::catalog_rows> answers;
        for (const auto& query : script.catalog_queries(client.facts())) answers.push_back(client.rows(query));
        return policy::read_catalog(answers);
    }

    policy::relation_facts relation(std::string_view name) {
        const auto facts = ask("ALTER TABLE " + std::string(name) + " SET (fillfactor = 90)");
        EXPECT_EQ(facts.relations.size(), 1u);
        return facts.relations.at(0).facts;
    }

    bool created_here(std::string_view name) { return relation(name).created_here; }
};

}  // namespace live
