#include "server.hpp"

#include <stdexcept>
#include <vector>

namespace live {

std::string server::create_database() {
    const auto name = "test_" + std::to_string(++databases_);
    session("postgres").run("CREATE DATABASE " + name);
    return name;
}

std::string server::conninfo(const std::string& database) const {
    return "host=" + cluster_.directory().string() + " user=postgres dbname=" + database;
}

server& the_server() {
    static server only;
    return only;
}

session::session(const std::string& database, const server& on)
    : connection_(PQconnectdb(on.conninfo(database).c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) throw std::runtime_error(PQerrorMessage(connection_.get()));
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
    run("SET statement_timeout = '20s'");
}

session::result session::checked(PGresult* r) const {
    result owned(r);
    const auto status = PQresultStatus(r);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(PQresultErrorMessage(r));
    return owned;
}

void session::run(std::string_view sql) { checked(PQexec(connection_.get(), std::string(sql).c_str())); }

std::string session::value(std::string_view sql) {
    const auto r = checked(PQexec(connection_.get(), std::string(sql).c_str()));
    return PQntuples(r.get()) > 0 ? PQgetvalue(r.get(), 0, 0) : "";
}

policy::catalog_rows session::rows(const policy::catalog_query& query) {
    std::vector<const char*> values;
    for (const auto& p : query.parameters) values.push_back(p ? p->c_str() : nullptr);
    const auto r = checked(PQexecParams(connection_.get(), query.sql.c_str(), static_cast<int>(values.size()), nullptr,
                                        values.data(), nullptr, nullptr, 0));
    policy::catalog_rows rows;
    for (int i = 0; i < PQntuples(r.get()); ++i) {
        policy::catalog_row row;
        for (int j = 0; j < PQnfields(r.get()); ++j) {
            row.emplace_back();
            if (!PQgetisnull(r.get(), i, j)) row.back() = PQgetvalue(r.get(), i, j);
        }
        rows.push_back(std::move(row));
    }
    return rows;
}

std::string session::failure(std::string_view sql) {
    const result r(PQexec(connection_.get(), std::string(sql).c_str()));
    const char* state = PQresultErrorField(r.get(), PG_DIAG_SQLSTATE);
    return state ? state : "";
}

std::string session::error_of(std::string_view sql) {
    const result r(PQexec(connection_.get(), std::string(sql).c_str()));
    const char* state = PQresultErrorField(r.get(), PG_DIAG_SQLSTATE);
    return state ? std::string(state) + ' ' + PQresultErrorField(r.get(), PG_DIAG_MESSAGE_PRIMARY) : "";
}

policy::session_facts session::facts() const {
    policy::session_facts f;
    f.in_transaction = PQtransactionStatus(connection_.get()) == PQTRANS_INTRANS;
    f.server_version = version();
    if (const char* zone = PQparameterStatus(connection_.get(), "TimeZone")) f.time_zone = zone;
    return f;
}

}  // namespace live
