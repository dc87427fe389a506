#pragma once

#include <cstdint>
#include <string>

#include "policy/lexer.hpp"

namespace proxy {

// What is known of a session from the startup packet, BackendKeyData and ParameterStatus.
struct known_session {
    std::string user, database, application_name, time_zone;
    int server_version = 0;
    std::uint32_t server_pid = 0;
    std::string server_key;  // the body of BackendKeyData
    bool replication = false;
    policy::lexing lexing;  // as the server has reported it
};

}  // namespace proxy
