#include "proxy/server_connection.hpp"

#include <libpq-fe.h>

#include <array>
#include <iostream>
#include <vector>

namespace proxy {
namespace {

struct clear_result {
    void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using result = std::unique_ptr<PGresult, clear_result>;

std::string without_newline(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

policy::catalog_rows rows_of(const PGresult* r) {
    policy::catalog_rows rows(static_cast<std::size_t>(PQntuples(r)));
    for (int i = 0; i < PQntuples(r); ++i)
        for (int j = 0; j < PQnfields(r); ++j)
            rows[static_cast<std::size_t>(i)].push_back(
                PQgetisnull(r, i, j) ? std::nullopt : std::optional<std::string>(PQgetvalue(r, i, j)));
    return rows;
}

// What stands behind dbname wins over what its string says. What is read is JSON, and so UTF-8; proxy/own_session.cpp
// speaks TLS over the connection, but not GSSAPI.
PGconn* connected(const std::string& dsn) {
    constexpr std::array names{"fallback_application_name", "dbname", "gssencmode", "client_encoding", static_cast<const char*>(nullptr)};
    const std::array values{"lockkeeper", dsn.c_str(), "disable", "UTF8", static_cast<const char*>(nullptr)};
    return PQconnectdbParams(names.data(), values.data(), 1);
}

}  // namespace

void server_connection::close::operator()(pg_conn* connection) const noexcept { PQfinish(connection); }

server_connection::server_connection(const std::string& dsn) : connection_(connected(dsn)) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw connection_error(without_newline(PQerrorMessage(connection_.get())));
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
}

std::string server_connection::parameter(const char* name) const {
    const char* value = PQparameterStatus(connection_.get(), name);
    return value ? value : "";
}

policy::catalog_rows server_connection::run(const policy::catalog_query& query) {
    std::vector<const char*> values;
    for (const auto& p : query.parameters) values.push_back(p ? p->c_str() : nullptr);
    const result r(PQexecParams(connection_.get(), query.sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                                nullptr, nullptr, 0));
    const auto status = PQresultStatus(r.get());
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return rows_of(r.get());
    const auto said = without_newline(PQerrorMessage(connection_.get()));
    const char* sqlstate = PQresultErrorField(r.get(), PG_DIAG_SQLSTATE);
    if (PQstatus(connection_.get()) == CONNECTION_OK) throw statement_error(said, sqlstate ? sqlstate : "");
    throw connection_error(said);
}

int exit_status_of(const std::function<int()>& command) {
    try {
        return command();
    } catch (const connection_error& problem) {
        std::cerr << "lockkeeper: " << problem.what() << "\n";
        return 3;
    } catch (const std::runtime_error& problem) {  // statement_error, and the audit log's std::system_error
        std::cerr << "lockkeeper: " << problem.what() << "\n";
        return 2;
    }
}

}  // namespace proxy
