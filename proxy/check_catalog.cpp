#include "proxy/check_catalog.hpp"

#include <libpq-fe.h>

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

std::string parameter(const PGconn* connection, const char* name) {
    const char* value = PQparameterStatus(connection, name);
    return value ? value : "";
}

policy::catalog_rows rows_of(const PGresult* r) {
    policy::catalog_rows rows(static_cast<std::size_t>(PQntuples(r)));
    for (int i = 0; i < PQntuples(r); ++i)
        for (int j = 0; j < PQnfields(r); ++j)
            rows[static_cast<std::size_t>(i)].push_back(
                PQgetisnull(r, i, j) ? std::nullopt : std::optional<std::string>(PQgetvalue(r, i, j)));
    return rows;
}

}  // namespace

void server_catalog::close::operator()(pg_conn* connection) const noexcept { PQfinish(connection); }

server_catalog::server_catalog(const std::string& dsn) : connection_(PQconnectdb(dsn.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK)
        throw catalog_error(without_newline(PQerrorMessage(connection_.get())));
    PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
    run({"SET default_transaction_read_only = on", {}});
}

server_catalog::~server_catalog() = default;

std::vector<policy::catalog_rows> server_catalog::ask(const std::vector<policy::catalog_query>& queries) {
    std::vector<policy::catalog_rows> answers;
    answers.reserve(queries.size());
    for (const auto& query : queries) answers.push_back(run(query));
    return answers;
}

void server_catalog::describe(policy::session_facts& session) const {
    session.server_version = PQserverVersion(connection_.get()) / 10000;
    session.time_zone = parameter(connection_.get(), "TimeZone");
    session.user = PQuser(connection_.get());
    session.database = PQdb(connection_.get());
    session.application_name = parameter(connection_.get(), "application_name");
}

policy::catalog_rows server_catalog::run(const policy::catalog_query& query) {
    std::vector<const char*> values;
    for (const auto& p : query.parameters) values.push_back(p ? p->c_str() : nullptr);
    const result r(PQexecParams(connection_.get(), query.sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(),
                                nullptr, nullptr, 0));
    const auto status = PQresultStatus(r.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK)
        throw catalog_error(without_newline(PQerrorMessage(connection_.get())));
    return rows_of(r.get());
}

}  // namespace proxy
