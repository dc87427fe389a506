#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "proxy/audit.hpp"

namespace proxy {

// A strong lock that the client's transaction holds, and for how long it may (locks.max_hold).
struct lock_held {
    std::optional<std::chrono::steady_clock::time_point> since;  // the statement was done; nullopt: it is not yet
    std::chrono::milliseconds cap{0};
    std::string on;                        // ACCESS EXCLUSIVE on shop_order
    std::shared_ptr<audit_record> record;  // of the statement that has taken it
    bool canceled = false;                 // what came behind it, because of the cap
};

}  // namespace proxy
