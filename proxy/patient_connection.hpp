#pragma once

#include <memory>
#include <string>

#include "policy/facts.hpp"

struct pg_conn;

namespace proxy {

// Is it something that libpq can connect by? Why not it tells only with pieces of the string, which may be a password.
bool is_connection_string(const std::string& dsn);

// A connection by way of libpq, for a thread of its own: nothing is waited for longer than ten seconds, and interrupt() ends every
// wait. Only that may be called from another thread.
class patient_connection {
public:
    explicit patient_connection(const char* application_name);
    ~patient_connection();
    patient_connection(const patient_connection&) = delete;
    patient_connection& operator=(const patient_connection&) = delete;

    void interrupt() noexcept;

    struct answer {
        policy::catalog_rows rows;
        std::size_t columns = 0;
        std::string problem;   // not empty: why there are none
        std::string sqlstate;  // ... where the server says it
    };
    // Empty, or why there is none. None of them holds a password.
    std::string connect(const std::string& dsn);
    answer run(const policy::catalog_query& query);
    bool is_open() const noexcept;  // as far as is known
    void close() noexcept { connection_.reset(); }

private:
    struct finish {
        void operator()(pg_conn* connection) const noexcept;
    };

    bool await(short events, long until);
    std::string said() const;

    const char* const name_;
    int wakeup_;  // eventfd
    std::unique_ptr<pg_conn, finish> connection_;
};

}  // namespace proxy
