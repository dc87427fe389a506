#include "policy/effects.hpp"

#include <gtest/gtest.h>

#include "policy/lock_mode.hpp"
#include "policy/parse.hpp"

namespace {

using namespace policy;
using enum lock_mode;

effects effect_of(std::string_view sql) {
    static const catalog_facts nothing_asked;
    static const transaction_memory nothing_done;
    return effects_of(parse(sql, true).at(0), known_relations(nothing_asked, nothing_done), {});
}

struct expectation {
    const char* sql;
    lock_mode lock;
    policy::work work;
    timeout_class timeouts;
    friend std::ostream& operator<<(std::ostream& out, const expectation& e) { return out << e.sql; }
};

struct target : testing::TestWithParam<expectation> {};

TEST_P(target, lock_work_and_class) {
    const auto e = effect_of(GetParam().sql);
    if (GetParam().lock == lock_mode::none) {
        EXPECT_EQ(e.timeouts, timeout_class::none);
        return;
    }
    ASSERT_FALSE(e.relations.empty());
    EXPECT_EQ(name(e.relations[0].lock), name(GetParam().lock));
    EXPECT_EQ(e.relations[0].work, GetParam().work);
    EXPECT_EQ(e.timeouts, GetParam().timeouts);
}

constexpr auto no_timeouts = timeout_class::none;
constexpr auto online = timeout_class::online;
constexpr auto blocking = timeout_class::blocking;

INSTANTIATE_TEST_SUITE_P(
    effects, target,
    testing::Values(
        expectation{"ALTER TABLE t ADD COLUMN c int", access_exclusive, work::none, blocking},
        expectation{"ALTER TABLE t ADD COLUMN c int DEFAULT 1", access_exclusive, work::none, blocking},
        expectation{"ALTER TABLE t ADD COLUMN c int DEFAULT random()", access_exclusive, work::rewrite, blocking},
        expectation{"ALTER TABLE t ADD COLUMN c bigserial", access_exclusive, work::rewrite, blocking},
        expectation{"ALTER TABLE t ADD COLUMN c int GENERATED ALWAYS AS IDENTITY", access_exclusive, work::rewrite, blocking},
        expectation{"ALTER TABLE t ADD COLUMN c int NOT NULL", access_exclusive, work::scan, blocking},
        expectation{"ALTER TABLE t ADD COLUMN c int CHECK (c > 0)", access_exclusive, work::scan, blocking},
        expectation{"ALTER TABLE t ADD COLUMN c int REFERENCES u", access_exclusive, work::none, blocking},
        expectation{"ALTER TABLE t ADD COLUMN c int UNIQUE", access_exclusive, work::index_build, blocking},
        expectation{"ALTER TABLE t ALTER c SET NOT NULL", access_exclusive, work::scan, blocking},
        expectation{"ALTER TABLE t ALTER c SET STATISTICS 100", share_update_exclusive, work::none, online},
        expectation{"ALTER TABLE t SET (fillfactor = 70)", share_update_exclusive, work::none, online},
        expectation{"ALTER TABLE t SET (fillfactor = 70, user_catalog_table = true)", access_exclusive, work::none, blocking},
        expectation{"ALTER TABLE t ADD CONSTRAINT k CHECK (c > 0)", access_exclusive, work::scan, blocking},
        expectation{"ALTER TABLE t ADD CONSTRAINT k CHECK (c > 0) NOT VALID", access_exclusive, work::none, blocking},
        expectation{"ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (c) REFERENCES u", share_row_exclusive, work::scan, blocking},
        expectation{"ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX i", access_exclusive, work::none, blocking},
        expectation{"ALTER TABLE t VALIDATE CONSTRAINT k", share_update_exclusive, work::scan, online},
        expectation{"ALTER TABLE t VALIDATE CONSTRAINT k, ALTER c SET NOT NULL", access_exclusive, work::scan, blocking},
        expectation{"ALTER TABLE t DISABLE TRIGGER ALL", share_row_exclusive, work::none, blocking},
        expectation{"ALTER TABLE p DETACH PARTITION q CONCURRENTLY", share_update_exclusive, work::none, online},
        expectation{"ALTER TABLE t RENAME TO u", access_exclusive, work::none, blocking},
        expectation{"ALTER INDEX i RENAME TO j", share_update_exclusive, work::none, online},
        expectation{"CREATE INDEX ON t (a)", share, work::index_build, blocking},
        expectation{"CREATE INDEX CONCURRENTLY ON t (a)", share_update_exclusive, work::index_build, online},
        expectation{"DROP INDEX i", access_exclusive, work::none, blocking},
        expectation{"DROP INDEX CONCURRENTLY i", access_exclusive, work::none, online},
        expectation{"REINDEX TABLE t", share, work::index_build, blocking},
        expectation{"REINDEX TABLE CONCURRENTLY t", share_update_exclusive, work::index_build, online},
        expectation{"TRUNCATE t", access_exclusive, work::none, blocking},
        expectation{"VACUUM FULL t", access_exclusive, work::rewrite, blocking},
        expectation{"VACUUM t", share_update_exclusive, work::scan, online},
        expectation{"REFRESH MATERIALIZED VIEW m", access_exclusive, work::rewrite, blocking},
        expectation{"REFRESH MATERIALIZED VIEW CONCURRENTLY m", exclusive, work::scan, online},
        expectation{"CREATE TRIGGER g AFTER INSERT ON t EXECUTE FUNCTION f()", share_row_exclusive, work::none, blocking},
        expectation{"DROP TRIGGER g ON t", access_exclusive, work::none, blocking},
        expectation{"LOCK TABLE t IN SHARE MODE", share, work::none, blocking},
        expectation{"LOCK TABLE t IN ROW EXCLUSIVE MODE", row_exclusive, work::none, no_timeouts},
        expectation{"COMMENT ON COLUMN t.c IS 'x'", share_update_exclusive, work::none, online},
        expectation{"ALTER DOMAIN d ADD CHECK (VALUE > 0)", share, work::scan, blocking},
        expectation{"ALTER DOMAIN d ADD CHECK (VALUE > 0) NOT VALID", lock_mode::none, work::none, no_timeouts},
        expectation{"CREATE TABLE t (a int)", lock_mode::none, work::none, no_timeouts},
        expectation{"CREATE TABLE t (a int REFERENCES u)", share_row_exclusive, work::none, blocking},
        expectation{"CREATE TABLE t PARTITION OF p DEFAULT", access_exclusive, work::none, blocking},
        expectation{"GRANT SELECT ON t TO PUBLIC", lock_mode::none, work::none, no_timeouts},
        expectation{"CREATE TYPE e AS ENUM ('a')", lock_mode::none, work::none, no_timeouts}));

TEST(effects, the_other_side_of_a_foreign_key_is_locked_too) {
    const auto e = effect_of("ALTER TABLE t ADD CONSTRAINT k FOREIGN KEY (c) REFERENCES s.u (id)");
    ASSERT_EQ(e.relations.size(), 2u);
    EXPECT_EQ(e.relations[1].relation, "s.u");
    EXPECT_EQ(e.relations[1].lock, share_row_exclusive);
}

TEST(effects, attaching_locks_the_parent_lightly_and_the_partition_fully) {
    const auto e = effect_of("ALTER TABLE p ATTACH PARTITION q FOR VALUES FROM (1) TO (2)");
    ASSERT_EQ(e.relations.size(), 2u);
    EXPECT_EQ(e.relations[0].lock, share_update_exclusive);
    EXPECT_EQ(e.relations[1].lock, access_exclusive);
}

TEST(effects, what_cannot_run_in_a_transaction) {
    for (const char* sql : {"CREATE INDEX CONCURRENTLY ON t (a)", "DROP INDEX CONCURRENTLY i", "REINDEX TABLE CONCURRENTLY t", "VACUUM t",
                            "CREATE DATABASE d", "ALTER TABLE p DETACH PARTITION q CONCURRENTLY", "REINDEX SCHEMA s"})
        EXPECT_FALSE(effect_of(sql).transactional) << sql;
    for (const char* sql : {"CREATE INDEX ON t (a)", "ANALYZE t", "REFRESH MATERIALIZED VIEW CONCURRENTLY m", "TRUNCATE t"})
        EXPECT_TRUE(effect_of(sql).transactional) << sql;
}

TEST(effects, a_block_does_what_its_statements_do) {
    const auto e = effect_of("DO $$ BEGIN IF now() > 'today' THEN ALTER TABLE t ADD c int; END IF; EXECUTE 'TRUNCATE u'; END $$");
    ASSERT_GE(e.relations.size(), 2u);
    EXPECT_EQ(e.timeouts, blocking);
    EXPECT_TRUE(e.transactional);
    EXPECT_FALSE(effect_of("DO $$ BEGIN VACUUM t; END $$").transactional);
}

TEST(effects, a_query_locks_what_it_names) {
    const auto e = effect_of("WITH w AS (SELECT 1) SELECT * FROM s.t JOIN u ON true, w FOR UPDATE OF u");
    ASSERT_EQ(e.relations.size(), 3u);
    EXPECT_EQ(e.relations[0].relation, "u");
    EXPECT_EQ(e.relations[0].lock, row_share);
    EXPECT_EQ(e.relations[1].relation, "s.t");
    EXPECT_EQ(e.relations[1].lock, access_share);
    EXPECT_EQ(e.timeouts, no_timeouts);
}

TEST(effects, some_functions_lock_like_ddl) {
    EXPECT_EQ(effect_of("SELECT brin_summarize_new_values('i')").relations.at(0).lock, share_update_exclusive);
    EXPECT_EQ(effect_of("SELECT bt_index_parent_check('i')").relations.at(0).lock, share);
}

TEST(effects, vacuum_cuts_the_table_only_where_nobody_is_in_the_way) {
    EXPECT_EQ(effect_of("VACUUM t").relations.at(0).unwaited, access_exclusive);
    EXPECT_EQ(effect_of("VACUUM (TRUNCATE off) t").relations.at(0).unwaited, lock_mode::none);
}

TEST(lock_mode, conflicts_as_in_the_manual) {
    EXPECT_TRUE(conflicts(access_share, access_exclusive));
    EXPECT_FALSE(conflicts(access_share, exclusive));
    EXPECT_TRUE(conflicts(share, row_exclusive));
    EXPECT_FALSE(conflicts(share, share));
    EXPECT_TRUE(conflicts(share_update_exclusive, share_update_exclusive));
    for (int a = 0; a <= 8; ++a)
        for (int b = 0; b <= 8; ++b)
            EXPECT_EQ(conflicts(static_cast<lock_mode>(a), static_cast<lock_mode>(b)),
                      conflicts(static_cast<lock_mode>(b), static_cast<lock_mode>(a)));
}

}  // namespace
