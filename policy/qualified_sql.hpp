#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/facts.hpp"

namespace policy {

// Operators are looked up by search_path like functions: a user's own `=` in front of pg_catalog would be called.
// So that our queries can be read, they are written with plain operators between blanks; this names pg_catalog's.
std::string with_qualified_operators(std::string_view sql);

// The same with the comment by which everybody can tell our statements from those of clients.
catalog_query our_query(std::string_view sql, std::vector<std::optional<std::string>> parameters = {});

}  // namespace policy
