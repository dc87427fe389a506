#pragma once

#include <algorithm>
#include <map>
#include <string>

#include "policy/decision.hpp"

namespace claims {

// What a statement does to one relation.
struct touch {
    policy::lock_mode lock = policy::lock_mode::none;
    policy::work work = policy::work::none;
    policy::lock_mode unwaited = policy::lock_mode::none;  // predicted only: where nobody is in the way
};

// What a statement did, or is said to do.
struct outcome {
    std::map<std::string, touch> relations;  // by name; those of the schemas on the search_path without theirs
    bool transactional = true;
    bool known = true;      // measured: the statement succeeded; predicted: policy has a model of it
    bool sampled = false;   // measured outside of a transaction: short locks on other relations may be missing
    bool counted = true;    // measured: the counters tell which tables were read
    std::string why;        // not known: the server's error, or the parser's
    std::map<std::string, std::string> tables;  // measured: of every index
    policy::lock_mode elsewhere = policy::lock_mode::none;  // predicted: on relations that are not named
    policy::lock_mode elsewhere_on_indexes = policy::lock_mode::none;
    policy::work work_elsewhere = policy::work::none;

    void add(const std::string& relation, policy::lock_mode lock, policy::work work = policy::work::none) {
        auto& t = relations[relation];
        t.lock = std::max(t.lock, lock);
        t.work = std::max(t.work, work);
    }
};

}  // namespace claims
