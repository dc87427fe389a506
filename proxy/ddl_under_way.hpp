#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace proxy {

// A session that changes the schema, as the observer needs to know it.
struct ddl_under_way {
    std::uint64_t session = 0;
    std::string client, user, database, application_name;
    std::uint32_t server_pid = 0;
    // False: nothing of it waits or runs, but its transaction keeps a strong lock, or has put something off.
    bool at_work = false;
    std::uint64_t attempt = 0;                // the one in the server's hands that gate::give_way may end; 0: none
    std::vector<std::uint32_t> in_the_way;    // processes that hold its lock, as it has seen them itself while it waits
    config::locks limits;
};

struct ddl_list {
    std::vector<ddl_under_way> all;
    bool complete = false;  // all worker threads have answered
};

}  // namespace proxy
