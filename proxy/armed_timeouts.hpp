#pragma once

#include <chrono>
#include <map>
#include <string>

namespace proxy {

// lock_timeout and statement_timeout as we have set them, and what they were.
struct armed_timeouts {
    struct value {
        std::chrono::milliseconds before, ours;
    };
    std::map<std::string, value> values;
    bool local = false;     // SET LOCAL: gone with the transaction
    bool restored = false;  // inside a transaction that was begun after the SET: again when it has ended
};

}  // namespace proxy
