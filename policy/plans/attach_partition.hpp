#pragma once

#include "policy/plans/draft.hpp"

namespace policy::plans {

// ATTACH PARTITION: that the rows fit is proved by a CHECK that is validated before, and where the table has a DEFAULT
// partition, that none of its rows belongs to the new one.
proposal for_attach_partition(const draft& d, const alter_step& step);

}  // namespace policy::plans
