#pragma once

#include <cstddef>
#include <string_view>

namespace config {

// How many bytes the character at the front of `text` has; 0: they are no UTF-8 (RFC 3629, 4), or there are none.
std::size_t utf8_length(std::string_view text) noexcept;

}  // namespace config
