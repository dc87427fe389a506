#pragma once

#include "policy/catalog.hpp"
#include "policy/facts.hpp"

namespace policy {

// Is the column's type the one that the text names? Without facts the answer is no.
bool has_type(const column_facts& column, const column_words& named, const catalog_facts& catalog);

// Does ALTER COLUMN ... TYPE leave the rows as they are? Proved by tests/claims and the live tests for all pairs of
// built-in types; without facts the answer is no.
bool keeps_rows(const column_facts& from, const column_words& to, const catalog_facts& catalog, const session_facts& session);

// Where the rows stay: may a plain index on the column stay, too? (CheckIndexCompatible, indexcmds.c)
bool keeps_index(const column_facts& from, const column_words& to, const catalog_facts& catalog);

}  // namespace policy
