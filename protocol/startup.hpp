#pragma once
#include <string>
#include <utility>
#include <vector>
#include "protocol/bytes.hpp"
#include "protocol/errc.hpp"
namespace protocol {
struct startup_message { std::uint32_t version = 0; std::vector<std::pair<std::string,std::string>> parameters; };
result<startup_message> decode_startup(bytes packet);
}
