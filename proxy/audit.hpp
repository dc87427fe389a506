#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
namespace proxy {
struct audit_relation { std::string name; std::string lock_mode; std::optional<std::uint64_t> bytes; };
struct audit_record {
    std::string event; std::uint64_t session = 0; std::string client, user, database, application_name; std::uint32_t server_pid = 0;
    std::string protocol; bool transaction = false; std::string statement, kind; std::vector<audit_relation> relations;
    std::string timeout_class; std::vector<std::string> rules; std::string action, mode; std::vector<std::string> plan;
    double duration_ms = 0; std::string outcome, sqlstate, tag;
};
}
