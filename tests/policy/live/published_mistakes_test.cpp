#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "facts.hpp"
#include "policy/rules.hpp"

// Verdicts that published linters and proxies get wrong: what the server does, and that we say the same. One test each.
namespace {

using namespace policy;
using rules_found = std::vector<std::string>;
const rules_found nothing;

struct published_mistakes : live::catalog_facts_test {
    published_mistakes() {
        client.run("CREATE TABLE t (id bigint, a int, b text, c varchar(20), at timestamp); INSERT INTO t VALUES (1, 1, 'x', 'x', now());"
                   "CREATE UNIQUE INDEX t_id ON t (id)");
    }

    decision judged(std::string_view sql) {
        config::settings settings;
        settings.small_table = 0;
        const auto text = read_script(sql, {});
        const auto session = client.facts();
        std::vector<catalog_rows> answers;
        for (const auto& query : text.catalog_queries(session)) answers.push_back(client.rows(query));
        return judge(text, session, answers, settings);
    }

    rules_found found(std::string_view sql) {
        rules_found out;
        for (const auto& s : judged(sql).statements)
            for (const auto& f : s.findings) out.push_back(f.rule);
        return out;
    }

    // The strongest lock that we say the statement takes on the table.
    lock_mode predicted(std::string_view sql, std::string_view table) {
        auto strongest = lock_mode::none;
        for (const auto& s : judged(sql).statements)
            for (const auto& r : s.relations)
                if (r.relation == "public." + std::string(table)) strongest = std::max(strongest, r.lock);
        return strongest;
    }

    // The strongest lock that it takes, as pg_locks shows it: AccessExclusiveLock is ACCESS EXCLUSIVE.
    std::string taken(std::string_view sql, std::string_view table) {
        client.run("BEGIN");
        client.run(sql);
        const auto mode = client.value("SELECT mode FROM pg_locks WHERE pid = pg_backend_pid() AND relation = '" + std::string(table) +
                                       "'::regclass ORDER BY array_position(ARRAY['AccessExclusiveLock', 'ExclusiveLock', "
                                       "'ShareRowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock'], mode) LIMIT 1");
        client.run("ROLLBACK");
        std::string words;
        for (const char letter : mode.substr(0, mode.size() - 4)) {
            if (letter >= 'A' && letter <= 'Z' && !words.empty()) words += ' ';
            words += static_cast<char>(letter & ~0x20);
        }
        return words;
    }

    void expect_lock(std::string_view sql, lock_mode mode, std::string_view table = "t") {
        EXPECT_EQ(predicted(sql, table), mode) << sql;
        EXPECT_EQ(taken(sql, table), name(mode)) << sql;
    }

    // Does the statement write the table anew?
    bool rewrites(std::string_view sql) {
        const std::string file = "SELECT pg_relation_filenode('t')";
        client.run("BEGIN");
        const auto before = client.value(file);
        client.run(sql);
        const bool changed = client.value(file) != before;
        client.run("ROLLBACK");
        return changed;
    }

    // Does it read the table? Counted by the session itself, transactions in hand included.
    bool scans(std::string_view sql) {
        const std::string count = "SELECT pg_stat_get_xact_numscans('t'::regclass)";
        client.run("BEGIN");
        client.run("SET LOCAL client_min_messages = debug1");
        const auto before = client.value(count);
        client.run(sql);
        const bool changed = client.value(count) != before;
        client.run("ROLLBACK");
        return changed;
    }
};

TEST_F(published_mistakes, a_check_a_unique_and_a_primary_key_take_access_exclusive) {
    for (const char* sql : {"ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)", "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0) NOT VALID",
                            "ALTER TABLE t ADD CONSTRAINT k UNIQUE (a)", "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a)",
                            "ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX t_id"})
        expect_lock(sql, lock_mode::access_exclusive);
}

TEST_F(published_mistakes, attach_partition_leaves_the_parent_to_readers_and_writers) {
    client.run("CREATE TABLE p (id bigint NOT NULL) PARTITION BY RANGE (id); CREATE TABLE p_1 (id bigint NOT NULL)");
    const auto* sql = "ALTER TABLE p ATTACH PARTITION p_1 FOR VALUES FROM (0) TO (9)";
    expect_lock(sql, lock_mode::share_update_exclusive, "p");
    expect_lock(sql, lock_mode::access_exclusive, "p_1");
}

TEST_F(published_mistakes, reindex_leaves_the_table_to_readers) { expect_lock("REINDEX TABLE t", lock_mode::share); }

TEST_F(published_mistakes, now_is_not_volatile) {
    for (const char* value : {"now()", "CURRENT_TIMESTAMP", "statement_timestamp()", "now() - interval '1 day'"}) {
        const auto sql = "ALTER TABLE t ADD COLUMN n timestamptz DEFAULT " + std::string(value);
        EXPECT_FALSE(rewrites(sql)) << sql;
        EXPECT_EQ(found(sql), nothing) << sql;
    }
}

TEST_F(published_mistakes, a_default_alone_does_no_harm_however_large_the_table) {
    const auto* sql = "ALTER TABLE t ADD COLUMN n int DEFAULT 7 NOT NULL";
    EXPECT_FALSE(rewrites(sql));
    EXPECT_EQ(found(sql), nothing);
}

TEST_F(published_mistakes, an_array_of_volatile_calls_is_no_constant) {
    const auto* sql = "ALTER TABLE t ADD COLUMN n float[] DEFAULT ARRAY[random()]";
    EXPECT_TRUE(rewrites(sql));
    EXPECT_EQ(found(sql), rules_found{"column-with-volatile-default"});
}

TEST_F(published_mistakes, an_identity_column_rewrites_as_a_serial_one_does) {
    for (const char* type : {"bigserial", "bigint GENERATED ALWAYS AS IDENTITY"}) {
        const auto sql = "ALTER TABLE t ADD COLUMN n " + std::string(type);
        EXPECT_TRUE(rewrites(sql)) << sql;
        EXPECT_EQ(found(sql), rules_found{"numbered-column-added"}) << sql;
    }
    EXPECT_EQ(find_rule("numbered-column-added")->text.after.find("IDENTITY"), std::string_view::npos);
    EXPECT_EQ(find_rule("numbered-column-added")->text.remedy.find("IDENTITY"), std::string_view::npos);
}

TEST_F(published_mistakes, a_valid_check_of_any_conjunction_proves_not_null) {
    for (const char* proof : {"b IS NOT NULL", "NOT (b IS NULL)", "b IS NOT NULL AND a > 0", "a > 0 AND b IS NOT NULL"}) {
        client.run("ALTER TABLE t ADD CONSTRAINT k CHECK (" + std::string(proof) + ")");
        EXPECT_FALSE(scans("ALTER TABLE t ALTER b SET NOT NULL")) << proof;
        EXPECT_EQ(found("ALTER TABLE t ALTER b SET NOT NULL"), nothing) << proof;
        client.run("ALTER TABLE t DROP CONSTRAINT k");
    }
}

TEST_F(published_mistakes, not_every_validated_constraint_proves_not_null) {
    for (const char* no_proof : {"CHECK (a > 0) NOT VALID", "CHECK (coalesce(b, '') <> '')", "CHECK (b IS NOT NULL) NOT VALID"}) {
        client.run("ALTER TABLE t ADD CONSTRAINT k " + std::string(no_proof));
        if (std::string_view(no_proof).find("a > 0") != std::string_view::npos) client.run("ALTER TABLE t VALIDATE CONSTRAINT k");
        EXPECT_TRUE(scans("ALTER TABLE t ALTER b SET NOT NULL")) << no_proof;
        EXPECT_EQ(found("ALTER TABLE t ALTER b SET NOT NULL"), rules_found{"not-null-set-with-scan"}) << no_proof;
        client.run("ALTER TABLE t DROP CONSTRAINT k");
    }
}

TEST_F(published_mistakes, a_proof_that_goes_in_the_same_statement_is_none) {
    client.run("ALTER TABLE t ADD CONSTRAINT k CHECK (b IS NOT NULL)");
    const auto* sql = "ALTER TABLE t ALTER b SET NOT NULL, DROP CONSTRAINT k";
    EXPECT_TRUE(scans(sql));
    EXPECT_EQ(found(sql), rules_found{"not-null-set-with-scan"});
}

TEST_F(published_mistakes, every_zone_that_is_utc_is_utc) {
    const auto* sql = "ALTER TABLE t ALTER at TYPE timestamptz";
    for (const char* zone : {"UTC", "GMT", "Etc/UTC"}) {
        client.run("SET TimeZone = '" + std::string(zone) + "'");
        EXPECT_FALSE(rewrites(sql)) << zone;
        EXPECT_EQ(found(sql), nothing) << zone;
    }
    for (const char* zone : {"Europe/Berlin", "Africa/Abidjan"}) {
        client.run("SET TimeZone = '" + std::string(zone) + "'");
        EXPECT_TRUE(rewrites(sql)) << zone;
        EXPECT_EQ(found(sql), rules_found{"column-type-rewritten"}) << zone;
    }
}

TEST_F(published_mistakes, text_that_only_grows_is_not_written_anew) {
    for (const char* type : {"varchar(40)", "varchar", "text"}) {
        const auto sql = "ALTER TABLE t ALTER c TYPE " + std::string(type);
        EXPECT_FALSE(rewrites(sql)) << sql;
        EXPECT_EQ(found(sql), nothing) << sql;
    }
    for (const char* sql : {"ALTER TABLE t ALTER c TYPE varchar(10)", "ALTER TABLE t ALTER a TYPE text", "ALTER TABLE t ALTER a TYPE bigint"}) {
        EXPECT_TRUE(rewrites(sql)) << sql;
        EXPECT_EQ(found(sql), rules_found{"column-type-rewritten"}) << sql;
    }
}

TEST_F(published_mistakes, indexes_are_dropped_concurrently_one_at_a_time) {
    client.run("CREATE INDEX t_a ON t (a)");
    const auto* sql = "DROP INDEX CONCURRENTLY t_a, t_id";
    EXPECT_EQ(client.failure(sql), "0A000");
    EXPECT_EQ(found(sql), rules_found{"concurrently-where-impossible"});
    // So the remedy for several is never that.
    EXPECT_NE(find_rule("drop-index-without-concurrently")->text.remedy.find("one index at a time"), std::string_view::npos);
}

TEST_F(published_mistakes, if_not_exists_takes_an_invalid_index_for_one) {
    client.run("INSERT INTO t VALUES (2, 1, 'y', 'y', now())");
    EXPECT_EQ(client.failure("CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a)"), "23505");
    const auto* sql = "CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_a ON t (a)";
    EXPECT_EQ(client.failure(sql), "");
    EXPECT_EQ(client.value("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_a'::regclass"), "f");
    config::settings settings;
    EXPECT_EQ(action_of(*find_rule("concurrent-index-if-not-exists"), settings), find_rule("concurrent-index-if-not-exists")->text.action);
    const auto d = judge(read_script(sql, {}), client.facts(), {}, check_settings(settings));
    ASSERT_EQ(d.statements.at(0).findings.size(), 1u);
    EXPECT_EQ(d.statements[0].findings[0].rule, "concurrent-index-if-not-exists");
}

TEST_F(published_mistakes, a_trigger_that_keeps_columns_in_step_is_no_hazard) {
    client.run("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NEW; END$$");
    const auto* sql = "CREATE TRIGGER s BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()";
    expect_lock(sql, lock_mode::share_row_exclusive);
    EXPECT_EQ(found(sql), nothing);
}

TEST_F(published_mistakes, an_index_of_the_rows_that_are_not_null_sets_nothing_not_null) {
    EXPECT_EQ(found("CREATE INDEX CONCURRENTLY t_a ON t (a) WHERE a IS NOT NULL"), nothing);
}

TEST_F(published_mistakes, a_rule_that_is_set_aside_is_so_for_one_statement) {
    const std::string allowed = "/* lockkeeper: allow table-renamed reason=\"announced\" */ ALTER TABLE t RENAME TO u";
    EXPECT_EQ(found(allowed + "; ALTER TABLE u RENAME TO v"), rules_found{"table-renamed"});
    EXPECT_EQ(found(allowed), nothing);
}

}  // namespace
