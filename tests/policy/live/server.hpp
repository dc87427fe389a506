#pragma once

#include <libpq-fe.h>

#include <memory>
#include <string>
#include <string_view>

#include "policy/facts.hpp"
#include "support/cluster.hpp"

namespace live {

// One throw-away PostgreSQL for all tests of the program.
class server {
public:
    // An empty database of this test's own.
    std::string create_database();
    std::string conninfo(const std::string& database) const;

private:
    support::cluster cluster_;
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
