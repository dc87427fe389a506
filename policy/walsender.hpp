#pragma once

#include <string_view>

namespace policy {

// Whether a walsender takes the text for a command of its own grammar, which changes no schema and is no SQL (manual of
// PostgreSQL 18, 54.4). It tells by the first word, which it knows in capitals only and in front of which it knows no
// comments; what follows cannot make SQL of it.
bool walsender_command(std::string_view text) noexcept;

}  // namespace policy
