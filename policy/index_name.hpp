#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/statement.hpp"

namespace policy {

// How many names are tried for what has none: PostgreSQL counts on without end.
constexpr std::size_t name_attempts = 20;

// makeObjectName: first_second_label, cut to 63 bytes; without a second part first_label.
std::string object_name_of(std::string_view first, std::string_view second, std::string_view label);

// The names that PostgreSQL itself would try, in this order, for CREATE INDEX without a name: table_column_idx,
// table_column_idx1 ... (indexcmds.c, ChooseIndexName), each at most 63 bytes long.
std::vector<std::string> index_names(std::string_view table, std::span<const std::string> columns, std::size_t count);

// The same for a constraint: table_column_fkey, _check, _key, _not_null; table_pkey (ChooseConstraintName, and for what
// stands on an index ChooseIndexName). Its own name where it has one.
std::vector<std::string> constraint_names(std::string_view table, const constraint_words& k, std::size_t count);

// CHECK constraints that are there for a plan only, under names that say whose they are: of a column that becomes NOT NULL,
// of a partition. And the names of the NOT NULL constraint itself, which has one since PostgreSQL 18.
std::string not_null_proof_name(std::string_view table, std::string_view column);
std::string partition_proof_name(std::string_view partition);
std::vector<std::string> not_null_names(std::string_view table, const std::string& column);

}  // namespace policy
