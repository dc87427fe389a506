#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "policy/plan.hpp"
#include "proxy/audit.hpp"

namespace proxy {

// The part of a plan that is to run behind the client's COMMIT.
struct deferred_work {
    policy::plan plan;
    std::vector<policy::wanted_lock> locks;  // of steps that name none
    // What the session had when the statement came, as far as the steps hang on it: a SET LOCAL is gone after the COMMIT.
    std::map<std::string, std::string> settings;
    config::conduct conduct;
    std::shared_ptr<audit_record> record;
    std::string id;      // of its row in lockkeeper.pending; empty: it has none
    bool again = false;    // somebody may have begun with it
    bool in_hand = false;  // nobody else is at it
    bool over = false;     // somebody else has finished it
};

// The columns plan and settings of lockkeeper.pending: JSON in the encoding of the session.
std::string plan_as_json(const deferred_work& work);
std::string settings_as_json(const deferred_work& work);

// Back again, from UTF-8. Throws std::runtime_error where it is nothing that plan_as_json could have written.
void read_plan(std::string_view plan, std::string_view settings, deferred_work& into);

}  // namespace proxy
