#pragma once

#include <string_view>

namespace policy {

// Table-level lock modes, weakest first (PostgreSQL manual, 13.3.1), `none` before them.
enum class lock_mode {
    none,
    access_share,
    row_share,
    row_exclusive,
    share_update_exclusive,
    share,
    share_row_exclusive,
    exclusive,
    access_exclusive,
};

// As the manual spells it: "ACCESS EXCLUSIVE". Empty for none.
std::string_view name(lock_mode mode) noexcept;

// The manual's table 13.2: do two sessions that hold these have to wait for each other?
bool conflicts(lock_mode a, lock_mode b) noexcept;

}  // namespace policy
