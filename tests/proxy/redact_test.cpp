#include "proxy/redact.hpp"

#include <gtest/gtest.h>

namespace {

using proxy::redacted;

// hunter2 is the secret in all of them.
constexpr const char* with_secret[] = {
    "ALTER ROLE a PASSWORD 'hunter2'",
    "alter role a password 'hunter2'",
    "ALTER ROLE a PASSWORD'hunter2'",
    "ALTER ROLE a WITH LOGIN ENCRYPTED PASSWORD 'hunter2' VALID UNTIL '2030-01-01'",
    "ALTER USER a UNENCRYPTED PASSWORD 'hunter2'",
    "CREATE ROLE a PASSWORD E'hunter2'",
    "CREATE USER a PASSWORD e'\\'hunter2'",
    "CREATE USER a PASSWORD U&'hunter2'",
    "CREATE USER a PASSWORD u&'!0041hunter2' UESCAPE '!'",
    "CREATE USER a PASSWORD $$hunter2$$",
    "CREATE USER a PASSWORD $x$it's $$ hunter2$x$",
    "CREATE GROUP a PASSWORD 'it''s hunter2'",
    "CREATE ROLE a PASSWORD 'one'\n  'hunter2'",
    "CREATE ROLE a PASSWORD 'one' -- and\n  'hunter2'",
    "CREATE ROLE a PASSWORD E'one'\n  'hunter2'",
    "CREATE ROLE a PASSWORD /* 'quoted' */ 'hunter2'",
    "CREATE ROLE a PASSWORD -- it's here\n 'hunter2'",
    "CREATE ROLE a /* /* nested */ */ PASSWORD\n\t'hunter2'",
    "SELECT 1; ALTER ROLE a PASSWORD 'hunter2'; SELECT 2",
    "ALTER ROLE a PASSWORD 'x'; ALTER ROLE b PASSWORD 'hunter2'",
    "ALTER ROLE a PASSWORD 'x\\'; ALTER ROLE b PASSWORD 'hunter2'",
    "ALTER ROLE a PASSWORD 'x\\''; SELECT 'hunter2'",
    "ALTER ROLE a PASSWORD 'hunter2",
    "ALTER ROLE a PASSWORD $$hunter2",
    "ALTER ROLE a PASSWORD E'hunter2\\'",
    "CREATE USER MAPPING FOR bob SERVER s OPTIONS (user 'bob', password 'hunter2')",
    "CREATE USER MAPPING FOR CURRENT_USER SERVER s OPTIONS (\"password\" 'hunter2')",
    "CREATE USER MAPPING FOR bob SERVER s OPTIONS (user 'bob', U&\"p\\0061ssword\" 'hunter2')",
    "CREATE USER MAPPING FOR bob SERVER s OPTIONS (any_name 'hunter2')",
    "ALTER USER MAPPING FOR bob SERVER s OPTIONS (SET password 'hunter2')",
    "ALTER USER MAPPING FOR bob SERVER s OPTIONS (ADD sslpassword E'hunter2', DROP user)",
    "CREATE SUBSCRIPTION s CONNECTION 'host=h password=hunter2' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION 'postgresql://bob:hunter2@h/db' PUBLICATION p",
    "CREATE SUBSCRIPTION s CONNECTION $$host=h hunter2$$ PUBLICATION p",
    "ALTER SUBSCRIPTION s CONNECTION E'host=h pass\\x77ord=hunter2'",
    "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h', password 'hunter2')",
    "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (aws_secret_access_key 'hunter2')",
    "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (U&\"p!0061ss\\0077ord\" 'hunter2')",
    "ALTER SERVER s OPTIONS (SET api_key 'hunter2')",
    "ALTER SYSTEM SET primary_conninfo = 'host=h user=u hunter2'",
    "ALTER SYSTEM SET primary_conninfo = 'host=h password=hunter2'",
    "DO $$ BEGIN EXECUTE 'ALTER ROLE a PASSWORD ''hunter2'''; END $$",
    "CREATE VIEW v AS SELECT * FROM dblink('host=h password=hunter2', 'q') AS t(a int)",
    "CREATE VIEW v AS SELECT * FROM dblink('postgres://u:hunter2@h', 'q') AS t(a int)",
    "/* password: hunter2 */ DROP TABLE t",
    "DROP TABLE t -- the password is hunter2",
};

TEST(redacted, hides_secrets_in_every_spelling) {
    for (const auto* sql : with_secret) {
        const auto shown = redacted(sql);
        EXPECT_EQ(shown.find("hunter2"), shown.npos) << shown;
        EXPECT_NE(shown.find("***"), shown.npos) << shown;
    }
}

TEST(redacted, hides_secrets_in_any_cut_of_the_text) {
    for (const std::string sql : with_secret)
        for (std::size_t length = sql.find("hunter2") + 7; length <= sql.size(); ++length) {
            const auto shown = redacted(sql.substr(0, length));
            EXPECT_EQ(shown.find("hunter2"), shown.npos) << shown;
        }
}

TEST(redacted, leaves_the_rest_of_the_statement) {
    EXPECT_EQ(redacted("ALTER ROLE a PASSWORD 'x' VALID UNTIL '2030-01-01'"), "ALTER ROLE a PASSWORD '***' VALID UNTIL '2030-01-01'");
    EXPECT_EQ(redacted("CREATE ROLE a PASSWORD E'x' LOGIN"), "CREATE ROLE a PASSWORD '***' LOGIN");
    EXPECT_EQ(redacted("CREATE USER MAPPING FOR b SERVER s OPTIONS (user 'bob', password 'x')"),
              "CREATE USER MAPPING FOR b SERVER s OPTIONS (user 'bob', password '***')");
    EXPECT_EQ(redacted("CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h', password 'x', dbname 'd')"),
              "CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (host 'h', password '***', dbname 'd')");
    EXPECT_EQ(redacted("CREATE SUBSCRIPTION s CONNECTION 'host=h' PUBLICATION p WITH (slot_name = 'n')"),
              "CREATE SUBSCRIPTION s CONNECTION '***' PUBLICATION p WITH (slot_name = 'n')");
    EXPECT_EQ(redacted("SELECT 'a'; ALTER ROLE a PASSWORD NULL; SELECT 'b'"), "SELECT 'a'; ALTER ROLE a PASSWORD NULL; SELECT 'b'");
    EXPECT_EQ(redacted("PREPARE p AS SELECT 'a' WHERE password = $1 AND b = 'c'"), "PREPARE p AS SELECT 'a' WHERE password = $1 AND b = 'c'");
}

TEST(redacted, leaves_statements_without_secrets_alone) {
    for (const auto* sql : {"", "DROP TABLE t", "COMMENT ON TABLE t IS 'it''s \\ fine'", "ALTER TABLE t ALTER c SET DEFAULT $$x$$", "'open",
                            "CREATE ROLE a CONNECTION LIMIT 5 VALID UNTIL '2030-01-01'", "CREATE TABLE users (password text, kind text DEFAULT 'x')",
                            "CREATE TABLE mapping (a int DEFAULT '1')", "COMMENT ON TABLE t IS 'see https://example.com:8080/a@b'",
                            "ALTER TABLE U&\"d\\0061t\" ADD x int"})
        EXPECT_EQ(redacted(sql), sql);
}

TEST(redacted, shows_no_literal_of_text_that_was_not_understood_and_speaks_of_a_secret) {
    EXPECT_EQ(redacted("ALTER ROLE a NEW KIND OF SECRET ('x', 'y') FOR 'z'", false),
              "ALTER ROLE a NEW KIND OF SECRET ('***', '***') FOR '***'");
    EXPECT_EQ(redacted("CREATE TABEL t (a text DEFAULT 'x')", false), "CREATE TABEL t (a text DEFAULT 'x')");
}

}  // namespace
