#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "proxy/audit_log.hpp"
#include "proxy/counters.hpp"
#include "proxy/ddl_board.hpp"
#include "proxy/observer.hpp"
#include "proxy/session_view.hpp"

namespace proxy {

// What one scrape is made of: sums over all workers.
struct numbers {
    std::uint64_t connections = 0, sessions = 0, refused = 0, cancels = 0, upstream_failures = 0;
    std::uint64_t client_bytes = 0, server_bytes = 0, passed = 0, batches = 0, attempts_given_up = 0;
    std::size_t workers = 0, workers_heard = 0;  // those that have answered in time
    std::size_t clients_limit = 0;
    std::uint64_t not_held = 0, held_statements = 0, held_limit = 0;  // limits.held
    bool draining = false;
    worker_view now;                             // of the workers that were heard, without sessions
    ddl_board::numbers ddl;
    std::optional<audit_counters> audit;
    std::optional<observer_view> observer;       // nullopt: there is none
    std::string mode;
    double started = 0;                          // seconds since 1970

    void add(const counters& c) noexcept;
};

// One metric: all that is known of it. The text, the page of documentation and the tests come from the list.
class metric_writer;
struct metric {
    std::string_view name, type, help, labels;  // labels: names divided by blanks
    void (*write)(metric_writer& to, const numbers& n);
};
std::span<const metric> metrics();

// In Prometheus' text format 0.0.4.
std::string metrics_text(const numbers& n);
// proxy/METRICS.md
std::string metrics_markdown();

}  // namespace proxy
