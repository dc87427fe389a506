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
    // `settings`: lines for postgresql.conf.
    explicit server(const std::string& settings = {}) : cluster_(settings) {}

    // An empty database of this test's own.
    std::string create_database();
    std::string conninfo(const std::string& database) const;
    const std::filesystem::path& directory() const noexcept { return cluster_.directory(); }

private:
    support::cluster cluster_;
    int databases_ = 0;
};

server& the_server();

// One session. Whatever fails throws std::runtime_error with the server's message.
class session {
public:
    explicit session(const std::string& database, const server& on = the_server());

    void run(std::string_view sql);
    std::string value(std::string_view sql);
    policy::catalog_rows rows(const policy::catalog_query& query);
    policy::catalog_rows rows(const std::string& sql) { return rows(policy::catalog_query{sql, {}}); }
    // The SQLSTATE of a statement that must fail.
    std::string failure(std::string_view sql);
    // "25001 VACUUM cannot run inside a transaction block"; empty: it succeeded.
    std::string error_of(std::string_view sql);
    bool in_transaction() const noexcept { return PQtransactionStatus(connection_.get()) == PQTRANS_INTRANS; }
    int pid() const noexcept { return PQbackendPID(connection_.get()); }
    int version() const noexcept { return PQserverVersion(connection_.get()) / 10000; }
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
