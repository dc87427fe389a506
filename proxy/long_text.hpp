#pragma once

#include <cstdint>
#include <string>

#include "policy/decision.hpp"
#include "policy/lexer.hpp"

namespace proxy {

// A Query or Parse that goes to the server in pieces, looked at on the way (long_message.cpp).
struct long_text {
    enum fates { looked_at, passes, spoiled };
    policy::long_look look;
    fates fate = looked_at;
    bool query = false;
    std::string beginning;  // for the audit log
    policy::finding why;    // it is not judged
};

}  // namespace proxy
