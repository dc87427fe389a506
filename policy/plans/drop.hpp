#pragma once

#include <optional>

#include "policy/rule.hpp"

namespace policy::plans {

// DROP TABLE or DROP COLUMN of a table with constraints, in steps: what locks another table, or has an index to give up,
// goes first, each with a lock of its own that is let go at once. Nothing where nothing has to go first, and in a
// transaction block that is not to be split: there every lock is kept until the COMMIT.
std::optional<plan> drop_in_steps(const context& c);

}  // namespace policy::plans
