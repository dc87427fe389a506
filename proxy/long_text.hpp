#pragma once

#include <cstdint>
#include <string>

#include "policy/lexer.hpp"

namespace proxy {

// A Query or Parse that goes to the server in pieces, looked at on the way (long_message.cpp).
struct long_text {
    enum fates { looked_at, passes, spoiled };
    policy::long_look look;
    fates fate = looked_at;
    bool query = false;
    std::uint64_t size = 0;
    std::string beginning;  // for the audit log
};

}  // namespace proxy
