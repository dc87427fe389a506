#include "proxy/secret_query.hpp"

#include <utility>

#include <spdlog/spdlog.h>

namespace proxy {
namespace {

constexpr std::size_t longest_queue = 10'000;

secret_query::answer problem(std::string what) { return {.secret = {}, .problem = std::move(what)}; }

}  // namespace

secret_query::secret_query(std::string dsn, std::string query)
    : dsn_(std::move(dsn)), query_(std::move(query)) {
    thread_ = std::thread([this] { run(); });
}

secret_query::~secret_query() {
    {
        const std::lock_guard hold(mutex_);
        stopped_ = true;
    }
    changed_.notify_one();
    connection_.interrupt();
    thread_.join();
}

void secret_query::ask(const std::string& user, done receiver) {
    {
        const std::lock_guard hold(mutex_);
        if (waiting_.size() < longest_queue) {
            waiting_.push_back({user, std::move(receiver)});
            return changed_.notify_one();
        }
    }
    receiver(problem("too many clients wait for it"));
}

void secret_query::run() {
    std::unique_lock hold(mutex_);
    for (;;) {
        changed_.wait(hold, [this] { return stopped_ || !waiting_.empty(); });
        if (stopped_) return;
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        hold.unlock();
        auto found = answer_for(next.user);
        hold.lock();
        if (stopped_) return;
        hold.unlock();
        if (!found.problem.empty()) spdlog::error("auth.query: {}", found.problem);
        next.receiver(std::move(found));
        hold.lock();
    }
}

// A connection that has gone bad while nobody asked is made anew; a second failure is an answer.
secret_query::answer secret_query::answer_for(const std::string& user) {
    const bool is_old = connection_.is_open();
    auto found = try_once(user);
    if (connection_.is_open()) return found;
    connection_.close();
    return is_old ? try_once(user) : found;
}

secret_query::answer secret_query::try_once(const std::string& user) {
    if (!connection_.is_open())
        if (auto why = connection_.connect(dsn_); !why.empty()) return problem(std::move(why));
    const policy::catalog_query query{query_, {user}};
    const auto told = connection_.run(query);
    if (!told.problem.empty()) return problem(told.problem);
    if (told.columns < 2) return problem("it must return the user and its secret, and returns one column");
    if (told.rows.size() > 1) return problem("it returns several rows for one user");
    answer found;
    if (told.rows.size() == 1 && told.rows[0][0] == user) found.secret = told.rows[0][1];
    return found;
}

}  // namespace proxy
