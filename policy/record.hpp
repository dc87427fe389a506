#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace policy {

// The values of a record in PostgreSQL's text format (manual of PostgreSQL 15, 8.16.6): `(1,"a ""b""",,"")`. Nothing between
// two commas is NULL. Text that is no record gives no values.
std::vector<std::optional<std::string>> record_values(std::string_view text);

}  // namespace policy
