#pragma once

#include "policy/catalog.hpp"
#include "policy/statement.hpp"

namespace policy {

// Does PostgreSQL know from valid CHECK constraints and NOT NULL that all rows of the partition-to-be lie within the
// bound, so that ATTACH PARTITION need not read them? (manual: ALTER TABLE, ATTACH PARTITION.) For ranges of integers,
// dates and timestamps; `false` for all else, where PostgreSQL may yet know.
bool rows_are_within(const relation_facts& parent, const partition_bound& bound, const relation_facts& partition);
// The same of the default partition: that none of its rows lies within the bound.
bool rows_are_outside(const relation_facts& parent, const partition_bound& bound, const relation_facts& partition);

}  // namespace policy
