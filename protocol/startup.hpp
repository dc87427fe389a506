#pragma once
#include <string>
#include <utility>
#include <vector>
#include "protocol/bytes.hpp"
namespace protocol { struct startup_message { std::uint32_t version = 0; std::vector<std::pair<std::string,std::string>> parameters; }; }
