#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "proxy/batch.hpp"
#include "proxy/judged_message.hpp"

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

// Sets all of them. What is set back is what still is ours: the statement may have changed it itself.
policy::catalog_query setting(const armed_timeouts& a);
std::vector<policy::catalog_query> setting_back(const armed_timeouts& a);

// What the client has: the questions, and their answers, which come first; or the end of the row that answers in short.
std::vector<policy::catalog_query> timeout_questions();
void note_timeouts(judged_message& m, const batch_reply& shown);
void note_timeouts(judged_message& m, const policy::catalog_row& last_two);

}  // namespace proxy
