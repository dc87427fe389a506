#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

// The names that PostgreSQL itself would try, in this order, for CREATE INDEX without a name: table_column_idx,
// table_column_idx1 ... (indexcmds.c, ChooseIndexName), each at most 63 bytes long.
std::vector<std::string> index_names(std::string_view table, std::span<const std::string> columns, std::size_t count);

}  // namespace policy
