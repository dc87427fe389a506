#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/catalog.hpp"
#include "policy/evaluate.hpp"
#include "policy/parse.hpp"

// The plans of what PostgreSQL can do CONCURRENTLY, on a catalog that is made up. What they do to a server is in
// tests/integration/test_plans_concurrently.py.
namespace {

using namespace policy;
using testing::ElementsAre;
using testing::HasSubstr;

relation_facts relation(std::uint32_t oid, std::string name, char kind, std::vector<std::uint32_t> children = {}) {
    relation_facts r;
    r.known = true;
    r.oid = oid;
    r.name = {"app", std::move(name)};
    r.kind = kind;
    r.children = std::move(children);
    return r;
}

index_facts index(std::uint32_t oid, std::string name) {
    index_facts i;
    i.oid = oid;
    i.name = std::move(name);
    i.columns = {"c"};
    return i;
}

// app.t with the indexes a and b, app.p with the partitions p1 and p2, p2 with p2a.
catalog_facts catalog() {
    catalog_facts all;
    all.asked = true;
    auto t = relation(1, "t", 'r');
    t.indexes = {index(11, "a"), index(12, "b")};
    for (auto& r : {t, relation(2, "p", 'p', {3, 4}), relation(3, "p1", 'r'), relation(4, "p2", 'p', {5}), relation(5, "p2a", 'r')}) {
        all.reached.push_back(r);
        all.relations.push_back({{"", r.name.name}, r, std::nullopt});
    }
    for (const auto& i : t.indexes) {
        auto facts = relation(i.oid, i.name, 'i');
        facts.table = 1;
        all.relations.push_back({{"", i.name}, facts, t});
    }
    return all;
}

decision judged(std::string_view sql, const catalog_facts& facts = catalog(), session_facts session = {}) {
    config::settings settings;
    return evaluate(parse(sql, true), sql, session, facts, settings, {});
}

std::vector<std::string> statements(const decision& d) {
    std::vector<std::string> out;
    if (d.replacement)
        for (const auto& s : d.replacement->steps)
            if (!s.sql.empty()) out.push_back(s.sql);
    return out;
}

std::string hint(const decision& d) { return d.statements.at(0).findings.at(0).hint; }

TEST(concurrent_plan, indexes_are_dropped_one_by_one) {
    EXPECT_THAT(statements(judged("DROP INDEX a, b")), ElementsAre(HasSubstr("COMMENT ON"), R"(DROP INDEX CONCURRENTLY "app"."a")",
                                                                   R"(DROP INDEX CONCURRENTLY "app"."b")"));
}

TEST(concurrent_plan, an_index_of_a_list_may_be_missing_only_where_a_killed_run_has_dropped_it) {
    auto facts = catalog();
    relation_facts nothing = relation(0, "nothing", 'i');
    nothing.exists = false;
    facts.relations.push_back({{"", "nothing"}, nothing, std::nullopt});
    const auto d = judged("DROP INDEX nothing, b", facts);
    ASSERT_TRUE(d.replacement);
    EXPECT_THAT(statements(d), ElementsAre(R"(DROP INDEX CONCURRENTLY "app"."nothing")", HasSubstr("COMMENT ON"), R"(DROP INDEX CONCURRENTLY "app"."b")"));
    EXPECT_THAT(d.replacement->steps[0].unless, HasSubstr("lockkeeper:"));
    EXPECT_THAT(d.replacement->steps[1].unless, HasSubstr("lockkeeper:"));
}

TEST(concurrent_plan, the_keyword_goes_into_the_clients_text) {
    EXPECT_THAT(statements(judged("/* index */ reindex (verbose) index a;")), ElementsAre("/* index */ reindex (verbose) index CONCURRENTLY a;"));
    EXPECT_THAT(statements(judged("REINDEX TABLE -- the table\n t")), ElementsAre("REINDEX TABLE CONCURRENTLY -- the table\n t"));
}

TEST(concurrent_plan, what_a_reindex_leaves_is_looked_for_on_its_table) {
    const auto d = judged("REINDEX TABLE t");
    ASSERT_TRUE(d.replacement);
    for (const auto& query : {d.replacement->steps.at(0).sql_from, d.replacement->steps.at(1).undo_from})
        EXPECT_THAT(query, HasSubstr("'{1}'::pg_catalog.oid[]"));
}

TEST(concurrent_plan, an_index_goes_up_the_tree) {
    EXPECT_THAT(statements(judged("CREATE INDEX i ON p (c) WHERE c > 1")),
                ElementsAre(R"(CREATE INDEX "i" ON ONLY "app"."p" (c) WHERE c > 1)",
                            R"(CREATE INDEX "p2_c_idx" ON ONLY "app"."p2" (c) WHERE c > 1)",
                            R"(CREATE INDEX CONCURRENTLY "p1_c_idx" ON "app"."p1" (c) WHERE c > 1)",
                            R"(CREATE INDEX CONCURRENTLY "p2a_c_idx" ON "app"."p2a" (c) WHERE c > 1)"));
}

TEST(concurrent_plan, only_what_waits_for_a_strong_lock_is_tried_for) {
    const auto d = judged("CREATE INDEX i ON p (c)");
    ASSERT_TRUE(d.replacement);
    for (const auto& s : d.replacement->steps) {
        const bool online = s.sql.find("CONCURRENTLY") != std::string::npos || s.sql_from.find("CONCURRENTLY") != std::string::npos;
        EXPECT_EQ(s.timeouts, online ? timeout_class::online : timeout_class::blocking) << s.sql << s.sql_from;
        EXPECT_EQ(s.locks.empty(), online) << s.sql << s.sql_from;
        EXPECT_FALSE(s.why.empty());
    }
}

TEST(concurrent_plan, a_foreign_partition_stands_in_the_way) {
    auto facts = catalog();
    facts.reached.at(4).kind = 'f';
    const auto d = judged("CREATE INDEX i ON p (c)", facts);
    EXPECT_EQ(d.action, config::action::reject);
    EXPECT_THAT(hint(d), HasSubstr("foreign table"));
}

TEST(concurrent_plan, a_detach_needs_postgresql_14) {
    session_facts old;
    old.server_version = 13;
    EXPECT_THAT(hint(judged("ALTER TABLE p DETACH PARTITION p1", catalog(), old)), HasSubstr("PostgreSQL 14"));
    EXPECT_THAT(statements(judged("ALTER TABLE p DETACH PARTITION p1")),
                ElementsAre(HasSubstr("COMMENT ON"), R"(ALTER TABLE "app"."p" DETACH PARTITION "app"."p1" CONCURRENTLY)"));
}

TEST(concurrent_plan, without_the_catalog_the_remedy_is_told) {
    const auto d = judged("DROP INDEX a", {});
    EXPECT_EQ(d.action, config::action::reject);
    EXPECT_THAT(hint(d), HasSubstr("DROP INDEX CONCURRENTLY"));
}

}  // namespace
