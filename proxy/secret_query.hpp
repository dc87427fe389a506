#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "proxy/patient_connection.hpp"

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

    void run();
    answer answer_for(const std::string& user);
    answer try_once(const std::string& user);

    const std::string dsn_, query_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<question> waiting_;
    bool stopped_ = false;
    patient_connection connection_{"lockkeeper auth.query"};  // of the thread only
    std::thread thread_;
};

}  // namespace proxy
