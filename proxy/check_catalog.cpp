#include "proxy/check_catalog.hpp"

#include <libpq-fe.h>

namespace proxy {

server_catalog::server_catalog(const std::string& dsn) : connection_(dsn) {
    connection_.run({"SET default_transaction_read_only = on", {}});
}

std::vector<policy::catalog_rows> server_catalog::ask(const std::vector<policy::catalog_query>& queries) {
    std::vector<policy::catalog_rows> answers;
    answers.reserve(queries.size());
    for (const auto& query : queries) answers.push_back(connection_.run(query));
    return answers;
}

void server_catalog::describe(policy::session_facts& session) const {
    session.server_version = PQserverVersion(connection_.get()) / 10000;
    session.time_zone = connection_.parameter("TimeZone");
    session.user = PQuser(connection_.get());
    session.database = PQdb(connection_.get());
    session.application_name = connection_.parameter("application_name");
}

}  // namespace proxy
