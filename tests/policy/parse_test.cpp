#include "policy/parse.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "policy/judge.hpp"

namespace {

using namespace policy;

statement only(std::string_view sql) {
    auto statements = parse(sql, true);
    EXPECT_EQ(statements.size(), 1u) << sql;
    return statements.empty() ? statement{} : std::move(statements.front());
}

template <class Words>
Words as(std::string_view sql) {
    const auto s = only(sql);
    const auto* w = std::get_if<Words>(&s.what);
    EXPECT_NE(w, nullptr) << sql;
    return w ? *w : Words{};
}

TEST(parse, cuts_a_text_into_statements_and_says_where_they_are) {
    const std::string_view sql = "  /* first */ SELECT 1 ;; -- two\n CREATE TABLE t (a int) ; ";
    const auto statements = parse(sql, true);
    ASSERT_EQ(statements.size(), 2u);
    EXPECT_EQ(sql.substr(statements[0].where.offset, statements[0].where.length), "SELECT 1");
    EXPECT_EQ(sql.substr(statements[1].where.offset, statements[1].where.length), "CREATE TABLE t (a int)");
    EXPECT_EQ(statements[1].kind, "CREATE TABLE");
}

TEST(parse, an_empty_text_has_no_statements) {
    EXPECT_TRUE(parse("", true).empty());
    EXPECT_TRUE(parse(" ; -- x", true).empty());
}

TEST(parse, create_index) {
    const std::string_view sql = "CREATE /* a */ UNIQUE INDEX IF NOT EXISTS \"I\" ON ONLY s.\"T\" (a, lower(b)) INCLUDE (c)";
    const auto i = as<create_index>(sql);
    EXPECT_EQ(i.name, "I");
    EXPECT_EQ(i.table, (relation_name{"s", "T"}));
    EXPECT_TRUE(i.unique && i.if_not_exists && i.only);
    EXPECT_FALSE(i.concurrently);
    EXPECT_EQ(i.name_parts, (std::vector<std::string>{"a", "lower", "c"}));
    EXPECT_EQ(sql.substr(0, i.keyword_end), "CREATE /* a */ UNIQUE INDEX");
    EXPECT_TRUE(as<create_index>("CREATE INDEX CONCURRENTLY ON t (a)").concurrently);
    EXPECT_EQ(as<create_index>("CREATE INDEX index ON t (a)").keyword_end, 12u);
}

TEST(parse, alter_table_keeps_each_action) {
    const auto a = as<alter_table>(
        "ALTER TABLE IF EXISTS ONLY s.t ADD COLUMN c int DEFAULT 1 NOT NULL REFERENCES u, DROP COLUMN IF EXISTS d CASCADE, "
        "ADD CONSTRAINT k CHECK (a > 0) NOT VALID, SET (fillfactor = 70, toast.autovacuum_enabled = off)");
    EXPECT_EQ(a.relation, (relation_name{"s", "t"}));
    EXPECT_TRUE(a.if_exists && a.only);
    ASSERT_EQ(a.steps.size(), 4u);
    EXPECT_EQ(a.steps[0].action, alter_action::add_column);
    ASSERT_TRUE(a.steps[0].column);
    EXPECT_EQ(a.steps[0].column->name, "c");
    EXPECT_EQ(a.steps[0].column->has_default, default_kind::constant);
    EXPECT_TRUE(a.steps[0].column->not_null);
    ASSERT_EQ(a.steps[0].column->constraints.size(), 1u);
    EXPECT_EQ(a.steps[0].column->constraints[0].referenced, (relation_name{"", "u"}));
    EXPECT_EQ(a.steps[1].name, "d");
    EXPECT_TRUE(a.steps[1].if_exists && a.steps[1].cascade);
    ASSERT_TRUE(a.steps[2].constraint);
    EXPECT_TRUE(a.steps[2].constraint->not_valid);
    EXPECT_EQ(a.steps[3].options, (std::vector<std::string>{"fillfactor", "toast.autovacuum_enabled"}));
}

TEST(parse, a_default_is_computed_once_or_for_each_row) {
    const auto kind = [](const std::string& expression) {
        return as<alter_table>("ALTER TABLE t ADD COLUMN c text DEFAULT " + expression).steps.at(0).column->has_default;
    };
    for (const char* once : {"'x'", "42", "now()", "CURRENT_TIMESTAMP", "'{}'::jsonb", "ARRAY[1, 2]", "NULL"})
        EXPECT_EQ(kind(once), default_kind::constant) << once;
    for (const char* each : {"random()", "gen_random_uuid()", "ARRAY[random()]", "clock_timestamp()", "nextval('s')", "f(now())"})
        EXPECT_EQ(kind(each), default_kind::expression) << each;
}

TEST(parse, renames) {
    const auto table = as<renaming>("ALTER TABLE s.t RENAME TO u");
    EXPECT_EQ(table.kind, object_kind::table);
    EXPECT_EQ(table.new_name, "u");
    const auto column = as<renaming>("ALTER TABLE t RENAME a TO b");
    EXPECT_EQ(column.kind, object_kind::column);
    EXPECT_EQ(column.old_name, "a");
    EXPECT_EQ(as<renaming>("ALTER INDEX i RENAME TO j").kind, object_kind::index);
}

TEST(parse, selects_that_make_tables_are_not_queries) {
    const auto s = only("SELECT 1 AS a INTO u UNION SELECT 2");
    const auto* made = std::get_if<ddl>(&s.what);
    ASSERT_NE(made, nullptr);
    EXPECT_EQ(made->verb, verb::create_table);
    EXPECT_EQ(made->relations.at(0).name, (relation_name{"", "u"}));
    EXPECT_TRUE(harmless(only("SELECT 1")));
}

TEST(parse, finds_every_update_and_delete) {
    const auto q = as<query>("WITH a AS (DELETE FROM t RETURNING 1), b AS (WITH c AS (UPDATE u SET x = 1 WHERE y RETURNING 1) SELECT 1) "
                                "INSERT INTO v SELECT 1");
    ASSERT_EQ(q.writes.size(), 2u);
    EXPECT_TRUE(q.writes[0].deletes);
    EXPECT_FALSE(q.writes[0].has_where);
    EXPECT_TRUE(q.writes[1].has_where);
}

TEST(parse, sees_through_explain_prepare_and_copy) {
    EXPECT_EQ(as<query>("EXPLAIN (ANALYZE) DELETE FROM t").writes.size(), 1u);
    EXPECT_TRUE(harmless(only("EXPLAIN DELETE FROM t")));
    EXPECT_TRUE(harmless(only("EXPLAIN (ANALYZE off) DELETE FROM t")));
    EXPECT_EQ(as<query>("EXPLAIN DELETE FROM t").relations.at(0).as, use::written);
    EXPECT_EQ(as<query>("PREPARE p AS DELETE FROM t").writes.size(), 1u);
    EXPECT_EQ(as<query>("COPY (DELETE FROM t RETURNING a) TO STDOUT").writes.size(), 1u);
    EXPECT_TRUE(std::holds_alternative<ddl>(only("EXPLAIN ANALYZE CREATE TABLE t AS SELECT 1").what));
}

TEST(parse, settings_by_set_and_by_function) {
    EXPECT_EQ(as<setting_change>("SET lock_timeout = '5s'").value, "5s");
    EXPECT_EQ(as<setting_change>("SET lock_timeout TO 0").value, "0");
    EXPECT_EQ(as<setting_change>("RESET lock_timeout").value, std::nullopt);
    EXPECT_TRUE(as<setting_change>("SET LOCAL lock_timeout = 1").local);
    const auto q = as<query>("SELECT pg_catalog.set_config('lock_timeout', '0', true)");
    ASSERT_EQ(q.sets.size(), 1u);
    EXPECT_EQ(q.sets[0].name, "lock_timeout");
    EXPECT_TRUE(q.sets[0].local);
}

TEST(parse, what_ends_prepared_statements) {
    const auto one = read_script("DEALLOCATE p; DEALLOCATE q", {});
    EXPECT_EQ(one.ends_prepared().size(), 2u);
    EXPECT_FALSE(one.ends_all_prepared());
    EXPECT_TRUE(read_script("DEALLOCATE ALL", {}).ends_all_prepared());
    EXPECT_TRUE(read_script("DISCARD ALL", {}).ends_all_prepared());
    EXPECT_FALSE(read_script("DISCARD PLANS", {}).ends_all_prepared());
    EXPECT_TRUE(read_script("DEALLOCATE p", {}).harmless());
}

TEST(parse, a_do_block_is_its_statements) {
    EXPECT_TRUE(harmless(only("DO $$ BEGIN PERFORM 1; END $$")));
    const auto b = as<block>("DO $$ BEGIN ALTER TABLE t ADD a int; EXECUTE 'DROP TABLE u'; END $$");
    ASSERT_EQ(b.body.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<alter_table>(b.body[0].what));
    EXPECT_EQ(b.body[1].kind, "DROP TABLE");
}

TEST(parse, a_do_block_that_cannot_be_followed_is_unmodelled) {
    for (const char* body : {"BEGIN EXECUTE 'x' || current_user; END", "BEGIN CALL p(); END", "BEGIN 'open", "BEGIN EXECUTE format('x %s', 1); END"})
        EXPECT_TRUE(std::holds_alternative<unmodelled>(only("DO $x$ " + std::string(body) + " $x$").what)) << body;
    EXPECT_TRUE(std::holds_alternative<unmodelled>(only("DO LANGUAGE plperl 'x'").what));
}

// libpg_query would end the process.
TEST(parse, a_do_without_a_body_or_beside_a_function_without_one) {
    EXPECT_TRUE(std::holds_alternative<unmodelled>(only("DO LANGUAGE plpgsql").what));
    const auto both = parse("DO $$ BEGIN DROP TABLE t; END $$; CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql", true);
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(std::get<block>(both[0].what).body.size(), 1u);
    EXPECT_EQ(as<block>("DO 'BEGIN EXECUTE ''DROP TABLE \"a\\\\b\"''; END'").body.size(), 1u);
}

TEST(parse, types_and_expressions) {
    const auto a = as<alter_table>("ALTER TABLE t ALTER c TYPE numeric(10, 2)[] USING f(c)::numeric");
    const auto& c = *a.steps.at(0).column;
    EXPECT_EQ(c.type, "numeric(10,2)[]");
    EXPECT_EQ(c.type_parts.modifiers, (std::vector<std::int32_t>{10, 2}));
    ASSERT_TRUE(c.using_);
    EXPECT_EQ(c.using_->functions.at(0), (relation_name{"", "f"}));
    EXPECT_FALSE(c.using_->bare_column);
    EXPECT_EQ(as<alter_table>("ALTER TABLE t ADD c bigint DEFAULT nextval('a.s')").steps.at(0).column->default_expression.sequences.at(0),
              (relation_name{"a", "s"}));
}

TEST(parse, bounds_of_partitions) {
    const auto bound = [](const std::string& words) {
        return as<alter_table>("ALTER TABLE p ATTACH PARTITION q " + words).steps.at(0).bound;
    };
    EXPECT_TRUE(bound("DEFAULT").is_default);
    const auto year = bound("FOR VALUES FROM ('2024-01-01') TO (date '2025-01-01')");
    EXPECT_TRUE(year.range);
    EXPECT_EQ(year.lower, "2024-01-01");
    EXPECT_EQ(year.upper, "2025-01-01");
    const auto open = bound("FOR VALUES FROM (MINVALUE) TO (10)");
    EXPECT_TRUE(open.range);
    EXPECT_EQ(open.lower, std::nullopt);
    // Nothing is known of these; a missing end must not look like MINVALUE.
    EXPECT_FALSE(bound("FOR VALUES FROM (1, 2) TO (1, 3)").range);
    EXPECT_FALSE(bound("FOR VALUES FROM (1 + 1) TO (10)").range);
    EXPECT_FALSE(bound("FOR VALUES IN (1)").range);
}

TEST(parse, an_error_is_one_statement_with_its_place) {
    const auto s = only("ALTER TABLE t FROBNICATE");
    const auto* u = std::get_if<unparseable>(&s.what);
    ASSERT_NE(u, nullptr);
    EXPECT_EQ(u->position, 14u);
    EXPECT_NE(u->message.find("FROBNICATE"), std::string::npos);
    EXPECT_EQ(s.kind, "ALTER TABLE");
}

TEST(parse, a_nul_byte_is_an_error) {
    EXPECT_TRUE(std::holds_alternative<unparseable>(only(std::string_view("SELECT 1\0; DROP TABLE t", 23)).what));
}

TEST(parse, kinds_are_close_to_command_tags) {
    for (const auto& [sql, kind] : std::vector<std::pair<const char*, const char*>>{
             {"CREATE OR REPLACE VIEW v AS SELECT 1", "CREATE VIEW"},
             {"CREATE UNIQUE INDEX ON t (a)", "CREATE INDEX"},
             {"set constraints all immediate", "SET CONSTRAINTS"},
             {"SET search_path = a", "SET"},
             {"CREATE TEMP TABLE t ()", "CREATE TABLE"},
             {"CREATE MATERIALIZED VIEW m AS SELECT 1", "CREATE MATERIALIZED VIEW"},
             {"DROP FOREIGN TABLE f", "DROP FOREIGN TABLE"},
             {"TRUNCATE t", "TRUNCATE TABLE"},
             {"LOCK t", "LOCK TABLE"},
             {"ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC", "ALTER DEFAULT PRIVILEGES"},
             {"VACUUM t", "VACUUM"}})
        EXPECT_EQ(only(sql).kind, kind) << sql;
}

TEST(parse, reads_both_ways_where_a_backslash_is_in_doubt) {
    const std::string_view sql = R"(SELECT '\'; DROP TABLE t; --')";
    EXPECT_TRUE(harmless(parse(sql, false).at(0)));
    EXPECT_EQ(parse(sql, true).size(), 2u);
    EXPECT_FALSE(read_script(sql, {false}).harmless());
}

TEST(index_signature, equal_for_what_a_client_writes_and_postgresql_shows) {
    const auto same = [](const char* a, const char* b) {
        const auto x = index_signature(a), y = index_signature(b);
        return x && x == y;
    };
    EXPECT_TRUE(same("CREATE INDEX i ON t (a)", "CREATE INDEX i ON public.t USING btree (a)"));
    EXPECT_TRUE(same("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (a ASC NULLS LAST)", "CREATE INDEX j ON t USING btree (a)"));
    EXPECT_TRUE(same("CREATE INDEX i ON t (lower(b)) WHERE b = 'x'",
                     "CREATE INDEX i ON public.t USING btree (lower((b)::text)) WHERE ((b)::text = 'x'::text)"));
    EXPECT_TRUE(same("CREATE INDEX i ON t (a) WITH (fillfactor = 70)", "CREATE INDEX i ON public.t USING btree (a) WITH (fillfactor='70')"));
    EXPECT_FALSE(same("CREATE INDEX i ON t (a)", "CREATE UNIQUE INDEX i ON t (a)"));
    EXPECT_FALSE(same("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a DESC)"));
    EXPECT_FALSE(same("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a) INCLUDE (b)"));
    EXPECT_FALSE(same("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (a) WHERE a > 0"));
    EXPECT_FALSE(same("CREATE INDEX i ON t (a, b)", "CREATE INDEX i ON t (b, a)"));
    EXPECT_FALSE(same("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t USING hash (a)"));
    EXPECT_FALSE(same("CREATE UNIQUE INDEX i ON t (a)", "CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT"));
    EXPECT_FALSE(index_signature("CREATE INDEX i ON t ((CASE WHEN a THEN 1 END))"));  // not understood: never the same
    EXPECT_FALSE(index_signature("DROP INDEX i"));
    EXPECT_FALSE(index_signature("not SQL"));
}

TEST(parse, may_be_called_from_several_threads) {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([] {
            for (int n = 0; n < 200; ++n) {
                EXPECT_EQ(parse("CREATE TABLE t (a int); SELECT 1", true).size(), 2u);
                EXPECT_EQ(parse("nonsense (", true).size(), 1u);
            }
        });
    for (auto& t : threads) t.join();
}

}  // namespace
