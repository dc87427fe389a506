#pragma once

#include <string>
#include <string_view>

namespace policy {

// Operators are looked up by search_path like functions: a user's own `=` in front of pg_catalog would be called.
// So that our queries can be read, they are written with plain operators between blanks; this names pg_catalog's.
std::string with_qualified_operators(std::string_view sql);

}  // namespace policy
