#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "policy/facts.hpp"

struct pg_conn;

namespace proxy {

// In libpq's words.
struct server_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};
// There is no connection, or it is lost.
struct connection_error : server_error {
    using server_error::server_error;
};
struct statement_error : server_error {
    explicit statement_error(const std::string& said, std::string code = {}) : server_error(said), sqlstate(std::move(code)) {}
    std::string sqlstate;  // empty: it is not the server's
};

// A connection to a server for the commands that take --dsn, by way of libpq: it knows every way to log in.
class server_connection {
public:
    explicit server_connection(const std::string& dsn);  // throws connection_error

    // Throws connection_error or statement_error.
    policy::catalog_rows run(const policy::catalog_query& query);

    // A ParameterStatus; "" where there is none.
    std::string parameter(const char* name) const;

    pg_conn* get() const noexcept { return connection_.get(); }

private:
    struct close {
        void operator()(pg_conn* connection) const noexcept;
    };
    std::unique_ptr<pg_conn, close> connection_;
};

// Runs a command that uses one, and says on standard error what goes wrong. The exit status: the command's own, 2 after a
// statement that failed or a log that cannot be written, 3 without a connection.
int exit_status_of(const std::function<int()>& command);

}  // namespace proxy
