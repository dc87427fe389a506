#pragma once

#include <string_view>
#include <vector>

#include "policy/lexer.hpp"

namespace policy {

// The statements of a text, cut at semicolons as psql does: not inside literals, comments, brackets or a BEGIN ATOMIC
// body, so a syntax error in one does not reach the next. Each with the comments that stand before it and without its
// semicolon; empty ones are left out. The views are into the text.
std::vector<std::string_view> split(std::string_view sql, lexing how);

}  // namespace policy
