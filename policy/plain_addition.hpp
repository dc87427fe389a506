#pragma once

#include <optional>

#include "config/settings.hpp"
#include "policy/facts.hpp"
#include "policy/script.hpp"

namespace policy {

// Most schema changes add a column and nothing else to a table that has neither partitions nor children. What decides about
// those is little, and asking for all that catalog_queries asks for costs ten times what the statement does. So that little is
// asked first: one row, of the kind `plain` (read_catalog.cpp), says that there is nothing more to be known. No row: ask in
// full. Nullopt: the text is of another kind.
//
// The row ends with lock_timeout and statement_timeout, as SHOW prints them.
std::optional<catalog_query> plain_addition(const script::parsed& text, const session_facts& session, const config::settings& settings);

}  // namespace policy
