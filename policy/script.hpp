#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/judge.hpp"
#include "policy/statement.hpp"

namespace policy {

struct script::parsed {
    std::string text;
    std::vector<statement> statements;
    // The statements under the other setting of standard_conforming_strings, where it is in doubt and they differ.
    std::vector<statement> other_reading;
    std::vector<std::string> ends_prepared;
    std::vector<std::string> runs_prepared;
    bool ends_all_prepared = false;
    // Characters of its encoding may hide what it says: the names in its statements are not true.
    bool unreadable = false;
    bool harmless = true;
    bool standard_conforming_strings = true;
};

}  // namespace policy
