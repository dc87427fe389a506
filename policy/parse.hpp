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

// libpg_query's fingerprint, 16 hexadecimal digits: the same for texts that differ in blanks, comments and constants only. Empty
// where the text cannot be parsed.
std::string fingerprint(std::string_view sql, bool standard_conforming_strings);

// What a CREATE INDEX statement defines, apart from the index's name, its table's name and how it is built; equal for
// two statements that make the same index. Nullopt where the text is not one CREATE INDEX.
std::optional<std::string> index_signature(std::string_view create_index_sql);

// What a CHECK or a FOREIGN KEY says (`CHECK (total >= 0)`, without its name, with or without NOT VALID), equal for two that
// say the same. Of a foreign key without its columns and the other table: those the catalog tells. Nullopt: it is not
// followed.
std::optional<std::string> constraint_signature(std::string_view clause);

}  // namespace policy
