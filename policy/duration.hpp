#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace policy {

// A value of lock_timeout or statement_timeout as PostgreSQL reads it: a number (of milliseconds), or one with a unit
// (us, ms, s, min, h, d); manual, 20.1.1. Nullopt: not one of these.
std::optional<std::chrono::milliseconds> timeout_value(std::string_view text);

}  // namespace policy
