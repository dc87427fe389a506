#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/statement.hpp"

// The door to libpg_query: SQL text in, our words out. Only policy/parse*.cpp knows its types. May be called from
// several threads at once (the parser's memory is per thread).
namespace policy {

// The statements of the text, in order, the empty ones left out. A text that the grammar does not know gives one
// `unparseable`: PostgreSQL, too, runs nothing of such a text.
std::vector<statement> parse(std::string_view sql, bool standard_conforming_strings);

// What a CREATE INDEX statement defines, apart from the index's name, its table's name and how it is built; equal for
// two statements that make the same index. Nullopt where the text is not one CREATE INDEX.
std::optional<std::string> index_signature(std::string_view create_index_sql);

}  // namespace policy
