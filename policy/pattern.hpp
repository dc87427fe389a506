#pragma once

#include <string_view>

namespace policy {

// Does the pattern, in which * stands for any characters, cover the whole of the text?
bool matches(std::string_view text, std::string_view pattern) noexcept;

// One of several patterns, divided by commas; an empty list covers nothing.
bool matches_any(std::string_view text, std::string_view patterns) noexcept;

}  // namespace policy
