#pragma once

#include "policy/plans/draft.hpp"

// A column with a default that differs from row to row: it is added without values, and its rows are filled in parts.
namespace policy::plans {

// PostgreSQL works its default out for each row, or may: the table is written anew.
bool differs_by_row(const column_words& column, const catalog_facts& catalog);

// It is to be filled: the rule for such columns is set to `rewrite`, and the table is large.
bool fills_later(const draft& d, const alter_step& add);

// Fills it, and then makes it NOT NULL where that is asked for. The column is among d.columns.
void fill(draft& d, const alter_step& add);

}  // namespace policy::plans
