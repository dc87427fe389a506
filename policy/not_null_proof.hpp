#pragma once

#include <string_view>
#include <vector>

namespace policy {

// The columns (pg_attribute.attnum) that a CHECK proves to be not null: those with IS NOT NULL in a conjunction, or on
// every side of a disjunction (predtest.c, predicate_implied_by). `tree` is pg_constraint.conbin as text: asking
// pg_get_expr for readable SQL would wait for a lock on the table.
std::vector<int> columns_proved_not_null(std::string_view tree);

}  // namespace policy
