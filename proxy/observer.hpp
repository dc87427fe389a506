#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "config/settings.hpp"
#include "proxy/audit.hpp"
#include "proxy/observation.hpp"
#include "proxy/patient_connection.hpp"

namespace proxy {

// For the metrics and the admin page.
struct observer_view {
    bool up = true;  // false: it cannot look
    std::uint64_t failures = 0, terminated = 0;
    std::shared_ptr<const observation> seen;  // at the last look; nothing of what has ended since
};

// The observer (observer.dsn): a thread with a connection of Lockkeeper's own, which looks at the server while sessions change
// the schema: who is in their way, who waits behind them, how far they are. It knows nothing that a decision depends on, so
// whatever happens to its connection, the sessions go on. What it may do to the server is locks.max_queue, by way of the session
// itself, and locks.terminate_blockers.
class observer {
public:
    // How it reaches the rest of the house; called in its thread.
    struct hands {
        std::function<ddl_list()> sessions;
        std::function<void(std::uint64_t session, std::uint64_t attempt, std::size_t queue)> end_attempt;
        std::function<void(audit_record&&)> audit;
    };

    observer(config::observer settings, hands to);
    ~observer();
    observer(const observer&) = delete;
    observer& operator=(const observer&) = delete;

    // From any thread. A decision is what wakes it up; to an outcome it adds what it has seen.
    void note(audit_record& r);
    void renew(const config::observer& settings);
    std::optional<observer_view> view() const;  // nullopt: there is none
    void stop();

private:
    using clock = std::chrono::steady_clock;
    // What is told of a session's statement when it has ended.
    struct sighting {
        std::size_t queued = 0;
        std::map<std::uint32_t, audit_blocker> blockers;
    };

    void run();
    void take_renewed();
    std::optional<clock::time_point> due() const;
    void look();
    bool connect();
    policy::catalog_rows ask(const policy::catalog_query& query);
    observation look_at(const std::vector<ddl_under_way>& all);
    void act(const std::vector<ddl_under_way>& all, const observation& seen);
    void terminate(const ddl_under_way& waiter, const backend& b);
    void publish(const std::vector<ddl_under_way>& all, observation seen);
    void succeed();
    void fail(const std::string& why);

    const hands to_;
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    bool stopped_ = false, renewed_ = false, woken_ = false;
    config::observer next_;  // as the last reload has left it
    observer_view view_;
    std::map<std::uint64_t, sighting> sightings_;  // by session

    // Of the thread only.
    config::observer settings_;
    patient_connection connection_{"lockkeeper observer"};
    bool watching_ = false;                        // sessions change the schema
    clock::time_point next_look_{}, idle_since_{};
    std::optional<clock::time_point> retry_at_;    // it has failed
    std::chrono::seconds back_off_{0};
    bool sees_little_told_ = false, may_not_terminate_told_ = false;  // of this observer.dsn
    std::set<std::pair<std::uint32_t, std::string>> terminated_;  // pid and backend_start
    std::thread thread_;
};

// What is wrong with observer.dsn or auth.dsn as connection strings; nullopt: nothing.
std::optional<std::string> wrong_with_connections(const config::settings& s);

}  // namespace proxy
