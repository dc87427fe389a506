#pragma once

#include <string>
#include <vector>

#include "outcome.hpp"

namespace claims {

// What was predicted and did not happen, or happened and was not predicted: "weaker: lock on ref SHARE ROW EXCLUSIVE, not
// ACCESS SHARE". Empty: policy and server agree.
std::vector<std::string> disagreements(outcome predicted, outcome measured, const std::string& target);

}  // namespace claims
