#pragma once

#include <libpq-fe.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "policy/facts.hpp"

namespace live {

// A throw-away PostgreSQL: made in a temporary directory, reached by a Unix socket only, removed when it ends.
// One for all tests of the program; a server cannot run as root, so there it runs as user postgres.
class server {
public:
    server();
    ~server();
    server(const server&) = delete;
    server& operator=(const server&) = delete;

    // An empty database of this test's own.
    std::string create_database();
    std::string conninfo(const std::string& database) const;

private:
    std::filesystem::path directory_;
    int databases_ = 0;
};

server& the_server();

// One session. Whatever fails throws std::runtime_error with the server's message.
class session {
public:
    explicit session(const std::string& database);

    void run(std::string_view sql);
    std::string value(std::string_view sql);
    policy::catalog_rows rows(const policy::catalog_query& query);
    // The SQLSTATE of a statement that must fail.
    std::string failure(std::string_view sql);
    policy::session_facts facts() const;

private:
    struct finish {
        void operator()(PGconn* c) const noexcept { PQfinish(c); }
    };
    struct clear {
        void operator()(PGresult* r) const noexcept { PQclear(r); }
    };
    using result = std::unique_ptr<PGresult, clear>;
    result checked(PGresult* r) const;

    std::unique_ptr<PGconn, finish> connection_;
};

}  // namespace live
