#pragma once

#include <string>
#include <string_view>

namespace proxy {

// JSON is UTF-8 (RFC 8259, 8.1), but SQL comes in the client's encoding: what is no UTF-8 becomes U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace proxy
