#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/audit.hpp"

namespace proxy {

// A strong lock that the client's transaction holds, and for how long it may (locks.max_hold).
struct lock_held {
    std::optional<std::chrono::steady_clock::time_point> since;  // the statement was done; nullopt: it is not yet
    std::chrono::milliseconds cap{0};
    std::string on;                        // ACCESS EXCLUSIVE on shop_order
    std::shared_ptr<audit_record> record;  // of the statement that has taken it
    bool canceled = false;                 // what came behind it, because of the cap

    // All that the transaction holds, for the audit log; of more than `most` relations the first ones.
    struct kept {
        std::string relation, lock_mode;
        std::chrono::steady_clock::time_point asked;  // when the statement that takes it was sent
    };
    static constexpr std::size_t most = 256;
    std::vector<kept> locks;
    std::string ended_by;  // the tag of COMMIT, PREPARE TRANSACTION or ROLLBACK; an error counts as the last
};

}  // namespace proxy
