#pragma once

#include <algorithm>
#include <array>
#include <string_view>

#include "policy/effect_list.hpp"

// What the actions of ALTER TABLE cost where nothing but the action counts.
namespace policy {

// To which relations below its own an action goes.
enum class recursion { none, partitions, inheritors };

struct action_cost {
    lock_mode lock = lock_mode::access_exclusive;
    policy::work work = work::none;
    recursion goes = recursion::none;
};

// The lock is taken in that strength on every relation that any action of the statement goes to
// (AlterTableGetLockLevel); what depends on an action's words or on the catalog is in alteration.hpp.
constexpr action_cost cost_of(alter_action a) noexcept {
    using enum alter_action;
    using enum lock_mode;
    switch (a) {
    case set_statistics: return {share_update_exclusive, work::none, recursion::inheritors};
    case set_column_options:
    case cluster_on:
    case set_without_cluster:
    case attach_partition:
    case detach_partition_concurrently:
    case detach_partition_finalize: return {share_update_exclusive};
    case validate_constraint: return {share_update_exclusive, work::scan, recursion::inheritors};
    case switch_trigger: return {share_row_exclusive, work::none, recursion::partitions};
    case set_not_null: return {access_exclusive, work::scan, recursion::inheritors};
    case set_type:
    case set_expression: return {access_exclusive, work::rewrite, recursion::inheritors};
    case set_logged:
    case set_unlogged:
    case set_tablespace:
    case set_access_method: return {access_exclusive, work::rewrite};
    case add_column:
    case drop_column:
    case set_default:
    case drop_not_null:
    case set_storage:
    case set_compression:
    case drop_expression:
    case add_constraint: return {access_exclusive, work::none, recursion::inheritors};
    default: return {};
    }
}

// reloptions.c: the options that may change while the table is read and written. Every other one takes
// ACCESS EXCLUSIVE.
inline bool changes_in_place(std::string_view option) noexcept {
    if (option.starts_with("toast.")) option.remove_prefix(6);
    static constexpr std::array<std::string_view, 10> names{
        "fillfactor",    "deduplicate_items",    "toast_tuple_target",          "parallel_workers",
        "vacuum_truncate", "vacuum_index_cleanup", "log_autovacuum_min_duration", "vacuum_max_eager_freeze_failure_rate",
        "n_distinct", "n_distinct_inherited"};
    return option.starts_with("autovacuum_") || std::find(names.begin(), names.end(), option) != names.end();
}

}  // namespace policy
