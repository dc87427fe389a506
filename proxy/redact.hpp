#pragma once

#include <string>
#include <string_view>

namespace proxy {

// The statement with every secret replaced by '***': the literal behind the word PASSWORD, and every literal that itself
// speaks of a password (connection strings of subscriptions, options of user mappings). All forms of literals are known:
// '...', E'...', U&'...', $tag$...$tag$. In doubt the literal is hidden.
std::string redacted(std::string_view sql);

}  // namespace proxy
