#pragma once

#include <array>

#include "policy/lock_mode.hpp"

// Where PostgreSQL 13 to 18 differ in what they lock. Measured by tests/claims on each of them.
namespace policy {

enum class difference {
    detached_partition_waits,       // DETACH PARTITION: the partition's own lock
    key_to_partitioned_table,       // a new partition of a referenced table: the lock on who references it
    unique_on_partitions,           // ADD UNIQUE on a partitioned table: the lock on the partitions
    trigger_renamed_on_partitions,  // ALTER TRIGGER RENAME on a partitioned table
    privilege_on_relation,          // GRANT, REVOKE
    inherited_sample,               // ANALYZE: the lock on inheritance children
    detached_partition_indexes,     // DETACH PARTITION: the lock on its indexes that belong to the parent's
    persistence_of_sequences,       // SET LOGGED, SET UNLOGGED: the lock on the table's own sequences
    truncated_partition,            // TRUNCATE of a partition: the lock on its parent
    reindexed_partitions,           // REINDEX TABLE of a partitioned table: the lock on the partitions, if it goes there
};

struct version_row {
    difference what;
    std::array<lock_mode, 6> lock;  // on 13, 14, 15, 16, 17, 18
};

inline constexpr std::array version_rows = [] {
    using enum lock_mode;
    return std::array{
        version_row{difference::detached_partition_waits,
                    {share_update_exclusive, access_exclusive, access_exclusive, access_exclusive, access_exclusive,
                     access_exclusive}},
        version_row{difference::key_to_partitioned_table,
                    {access_share, access_share, share_row_exclusive, share_row_exclusive, share_row_exclusive,
                     share_row_exclusive}},
        version_row{difference::unique_on_partitions, {share, share, share, share, share, access_exclusive}},
        version_row{difference::trigger_renamed_on_partitions,
                    {none, none, access_exclusive, access_exclusive, access_exclusive, access_exclusive}},
        version_row{difference::privilege_on_relation, {none, none, none, none, none, access_share}},
        version_row{difference::inherited_sample,
                    {access_share, access_share, access_share, access_share, access_share, share_update_exclusive}},
        version_row{difference::detached_partition_indexes, {access_exclusive, none, none, none, none, none}},
        version_row{difference::persistence_of_sequences,
                    {none, none, access_exclusive, access_exclusive, access_exclusive, access_exclusive}},
        version_row{difference::truncated_partition, {access_share, none, none, none, none, none}},
        version_row{difference::reindexed_partitions, {none, share, share, share, share, share}},
    };
}();

// An unknown, newer version counts as the newest one known.
constexpr lock_mode lock_on(difference what, int version) noexcept {
    const auto column = static_cast<std::size_t>(version < 13 ? 0 : version > 18 ? 5 : version - 13);
    for (const auto& row : version_rows)
        if (row.what == what) return row.lock[column];
    return lock_mode::access_exclusive;
}

}  // namespace policy
