#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/transaction_memory.hpp"

namespace policy {

// A reading of the clock. The policy has none of its own.
struct moment {
    std::chrono::seconds since_epoch{0};        // UTC
    std::chrono::seconds local_east_of_utc{0};  // of the zone of this machine, then
};

// What the wire alone tells about the session in which a statement is to run.
struct session_facts {
    // Inside BEGIN ... COMMIT (ReadyForQuery 'T'), or in an un-synced pipeline that has executed something.
    bool in_transaction = false;
    bool pipelined = false;              // ... the latter: nothing of ours may come between
    int server_version = 15;             // major, from ParameterStatus server_version
    std::string time_zone;               // ParameterStatus TimeZone
    std::string user, database, application_name;
    std::optional<moment> now;           // nullopt: scopes with hours do not match
    transaction_memory so_far;           // empty outside a transaction
    const relation_set* own = nullptr;   // `check`: what earlier statements of the file have made and committed
};

// One query of ours against the system catalogs: schema-qualified, parameters as text ($1, $2 ...).
struct catalog_query {
    std::string sql;
    std::vector<std::optional<std::string>> parameters;
    std::string_view kept_as{};  // what a session that asks it often may keep it prepared as; the text is always the same then
};

// What one catalog_query returned, in text format; nullopt is SQL NULL.
using catalog_row = std::vector<std::optional<std::string>>;
using catalog_rows = std::vector<catalog_row>;

}  // namespace policy
