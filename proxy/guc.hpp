#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace proxy {

// A time setting of the server's as SHOW prints it: an integer with the largest unit that divides it (ms, s, min, h, d;
// a bare 0 means "no limit"). Manual 20.1.1. nullopt where it is anything else.
std::optional<std::chrono::milliseconds> parse_time_setting(std::string_view shown) noexcept;

// The other way round, as SHOW prints it.
std::string time_setting(std::chrono::milliseconds value);

// The stricter of two limits, where zero means none.
std::chrono::milliseconds stricter(std::chrono::milliseconds a, std::chrono::milliseconds b) noexcept;

}  // namespace proxy
