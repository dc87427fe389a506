#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "proxy/audit.hpp"

namespace proxy {

// How long something took, as Prometheus wants it. Seconds.
struct histogram {
    static constexpr std::array<double, 14> bounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300};
    std::array<std::uint64_t, bounds.size() + 1> counts{};  // the last one: longer than all bounds
    double sum = 0;

    void add(double seconds) noexcept;
};

// What the audit records say, counted, and the last of them: for the metrics and the admin page. Any thread may write; schema
// changes are few, so a mutex does.
class ddl_board {
public:
    using pair = std::pair<std::string, std::string>;
    struct numbers {
        std::map<pair, std::uint64_t> decisions;  // kind, action
        std::map<pair, std::uint64_t> findings;   // rule, action
        std::map<pair, std::uint64_t> outcomes;   // kind, outcome
        std::uint64_t understood = 0, not_understood = 0;  // decisions
        std::uint64_t attempts = 0;               // to get locks
        std::uint64_t steps = 0;                  // of plans
        histogram lock_wait, hold, duration;
    };

    void note(const audit_record& r);

    numbers counted() const;
    // The last ones, oldest first: what has happened since `seen`, and the number to ask with next time.
    std::pair<boost::json::array, std::uint64_t> since(std::uint64_t seen) const;

    static constexpr std::size_t most_kept = 100, most_series = 500;

private:
    struct entry {
        std::uint64_t id = 0, changed = 0, session = 0;
        std::string statement;  // as in the page's record, to know the outcome by
        bool ended = false;
        boost::json::object record;
    };

    void count(const audit_record& r);
    void keep(const audit_record& r, boost::json::object record);

    mutable std::mutex mutex_;
    numbers numbers_;
    std::deque<entry> kept_;
    std::uint64_t last_id_ = 0, last_change_ = 0;
};

// The record as in the audit log, its secrets left out and what is long cut: for the page.
boost::json::object page_record(const audit_record& whole, std::chrono::system_clock::time_point when);

}  // namespace proxy
