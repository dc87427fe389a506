#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "proxy/audit.hpp"
#include "proxy/lock_wait.hpp"
#include "proxy/plan_progress.hpp"

namespace proxy {

// What a session is at, for those who look on: the admin page and the metrics.
enum class doing : std::uint8_t {
    starting,     // up to its first ReadyForQuery
    idle,
    idle_in_transaction,
    running,      // a statement that is none of ours
    judging,      // a statement is looked at, or runs under our timeouts
    waiting,      // for a lock, or its turn, outside of the server's queue
    in_plan,      // statements of ours run in its place
    closing,
};
constexpr std::size_t doings = 8;
std::string_view name(doing d) noexcept;

// A strong lock that its transaction keeps.
struct kept_lock {
    std::string on;  // ACCESS EXCLUSIVE on shop_order
    std::optional<std::chrono::steady_clock::time_point> since;
    std::chrono::milliseconds cap{0};
};

constexpr std::size_t longest_told = 8 * 1024;  // bytes of a statement

// Copies, for they go to another thread.
struct activity {
    using time = std::chrono::steady_clock::time_point;

    std::string user, database, application_name;
    std::uint32_t server_pid = 0;
    doing now = doing::starting;
    time heard{};                      // when bytes last came from either side
    std::size_t put_off = 0;           // statements that wait for the COMMIT, or are being done behind it
    std::optional<audit_record> ddl;   // decided and not ended; without `relations` and `steps` that nobody needs
    std::string judged;                // the statement that is being judged where there is no decision yet
    time judged_since{};
    std::optional<plan_progress::view> step;
    std::vector<lock_holder> in_the_way;  // of its lock, when it was last looked
    int attempts = 0;
    std::optional<kept_lock> keeps;
};

}  // namespace proxy
