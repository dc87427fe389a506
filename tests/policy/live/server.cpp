#include "server.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <vector>

namespace live {
namespace {

namespace fs = std::filesystem;

// The newest PostgreSQL that Debian's packages put here, or the one that LOCKKEEPER_PG_BIN names.
fs::path binaries() {
    if (const char* named = std::getenv("LOCKKEEPER_PG_BIN")) return named;
    fs::path newest;
    int version = 0;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql")) {
        const int found = std::atoi(entry.path().filename().c_str());
        if (found > version && fs::exists(entry.path() / "bin/initdb")) {
            version = found;
            newest = entry.path() / "bin";
        }
    }
    if (newest.empty()) throw std::runtime_error("no PostgreSQL server found");
    return newest;
}

void shell(const std::string& command) {
    const std::string as_user = geteuid() == 0 ? "runuser -u postgres -- " : "";
    if (std::system((as_user + command).c_str()) != 0) throw std::runtime_error("failed: " + command);
}

}  // namespace

server::server() {
    std::string name = (fs::temp_directory_path() / "lockkeeper-live-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("no temporary directory");
    directory_ = name;
    if (geteuid() == 0) {
        if (std::system(("chown postgres " + name).c_str()) != 0) throw std::runtime_error("chown failed");
    }
    fs::permissions(directory_, fs::perms::others_exec | fs::perms::group_exec, fs::perm_options::add);
    const auto bin = binaries().string();
    shell(bin + "/initdb -D " + name + "/data -U postgres -A trust -E UTF8 --locale=C.UTF-8 -N > /dev/null");
    shell(bin + "/pg_ctl -D " + name + "/data -w -l " + name + "/log -o \"-c fsync=off -c listen_addresses='' -k " + name +
          "\" start > /dev/null");
}

server::~server() {
    try {
        shell(binaries().string() + "/pg_ctl -D " + directory_.string() + "/data -m immediate stop > /dev/null");
        fs::remove_all(directory_);
    } catch (const std::exception&) {
        // What is left lies in the temporary directory; the tests have had their answers.
    }
}

std::string server::create_database() {
    const auto name = "test_" + std::to_string(++databases_);
    session("postgres").run("CREATE DATABASE " + name);
    return name;
}

std::string server::conninfo(const std::string& database) const {
    return "host=" + directory_.string() + " user=postgres dbname=" + database;
}

server& the_server() {
    static server only;
    return only;
}

session::session(const std::string& database) : connection_(PQconnectdb(the_server().conninfo(database).c_str())) {
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

policy::session_facts session::facts() const {
    policy::session_facts f;
    f.in_transaction = PQtransactionStatus(connection_.get()) == PQTRANS_INTRANS;
    f.server_version = PQserverVersion(connection_.get()) / 10000;
    return f;
}

}  // namespace live
