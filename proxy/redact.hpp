#pragma once

#include <string>
#include <string_view>

namespace proxy {

// The statement with its secrets replaced by '***': the literal that follows a word such as PASSWORD, CONNECTION or the
// name of an option that sounds like a secret; all options of a user mapping but the user's name; and every literal or
// comment that itself speaks of a password or holds a URI with one. Literals are known in all their forms ('...', E'...',
// U&'...', $tag$...$tag$, continued ones). Where a literal may end in more than one place, everything from it on is hidden.
// In text that could not be parsed (`understood` is false) a secret may stand anywhere: if it speaks of one, no literal is shown.
std::string redacted(std::string_view sql, bool understood = true);

}  // namespace proxy
