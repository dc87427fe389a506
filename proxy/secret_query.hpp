#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

struct pg_conn;

namespace proxy {

// auth.query, run in a thread of its own over one connection, one user after the other: a login waits for it, the traffic
// of others does not. Nothing is kept: a password that was changed or taken away counts from the next login on, and a
// lookup costs one short query.
class secret_query {
public:
    secret_query(std::string dsn, std::string query);
    ~secret_query();  // whoever waits gets no answer
    secret_query(const secret_query&) = delete;
    secret_query& operator=(const secret_query&) = delete;

    struct answer {
        std::optional<std::string> secret;  // nothing: there is no such user, or it has none
        std::string problem;                // not empty: it could not be asked
    };
    using done = std::function<void(answer)>;
    // From any thread; `receiver` is called in the query's, or at once where too many wait already.
    void ask(const std::string& user, done receiver);

private:
    struct question {
        std::string user;
        done receiver;
    };
    struct close {
        void operator()(pg_conn* connection) const noexcept;
    };

    void run();
    answer answer_for(const std::string& user);
    answer try_once(const std::string& user);
    std::string connect();
    bool await(short events, long until);
    std::string said() const;

    const std::string dsn_, query_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<question> waiting_;
    bool stopped_ = false;
    int wakeup_;  // eventfd: it is to stop, although the server keeps it waiting
    std::unique_ptr<pg_conn, close> connection_;  // of the thread only
    std::thread thread_;
};

}  // namespace proxy
