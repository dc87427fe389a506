#include "policy/walsender.hpp"

#include <gtest/gtest.h>

namespace {

TEST(walsender_command, is_known_by_its_first_word) {
    for (const auto* text : {"IDENTIFY_SYSTEM", " \n\tBASE_BACKUP ( LABEL 'x' )", "START_REPLICATION SLOT \"a\" LOGICAL 0/0", "SHOW wal_segment_size;",
                             "DROP_REPLICATION_SLOT\"a\"", "TIMELINE_HISTORY 2"})
        EXPECT_TRUE(policy::walsender_command(text)) << text;
}

TEST(walsender_command, is_not_sql) {
    for (const auto* text : {"", "  ", "DROP TABLE t", "identify_system", "BASE_BACKUPS", "BASE_BACKUP$", "/* x */ IDENTIFY_SYSTEM",
                             ";IDENTIFY_SYSTEM", "\"SHOW\"", "ALTER_REPLICATION_SLOTS", "SHOW\xc3\xa9"})
        EXPECT_FALSE(policy::walsender_command(text)) << text;
}

}  // namespace
