#include "proxy/patient_connection.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <vector>

namespace proxy {
namespace {

constexpr std::chrono::seconds patience{10};  // with connecting, and with one answer

struct clear_result {
    void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using result = std::unique_ptr<PGresult, clear_result>;

long milliseconds_now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
long deadline() { return milliseconds_now() + std::chrono::milliseconds(patience).count(); }

void read_rows(const PGresult* r, patient_connection::answer& into) {
    into.columns = static_cast<std::size_t>(PQnfields(r));
    for (int row = 0; row < PQntuples(r); ++row) {
        auto& values = into.rows.emplace_back();
        for (int column = 0; column < PQnfields(r); ++column)
            values.push_back(PQgetisnull(r, row, column) ? std::nullopt : std::optional<std::string>(PQgetvalue(r, row, column)));
    }
}

}  // namespace

bool is_connection_string(const std::string& dsn) {
    const bool uri = dsn.starts_with("postgresql://") || dsn.starts_with("postgres://");
    if (!uri && dsn.find('=') == dsn.npos) return true;  // the name of a database
    char* why = nullptr;
    auto* const options = PQconninfoParse(dsn.c_str(), &why);
    PQfreemem(why);
    PQconninfoFree(options);
    return options != nullptr;
}

void patient_connection::finish::operator()(pg_conn* connection) const noexcept { PQfinish(connection); }

patient_connection::patient_connection(const char* application_name)
    : name_(application_name), wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wakeup_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
}

patient_connection::~patient_connection() { ::close(wakeup_); }

void patient_connection::interrupt() noexcept { ::eventfd_write(wakeup_, 1); }

bool patient_connection::is_open() const noexcept { return connection_ && PQstatus(connection_.get()) == CONNECTION_OK; }

// What stands behind dbname wins over what its string says.
std::string patient_connection::connect(const std::string& dsn) {
    connection_.reset();
    if (!is_connection_string(dsn)) return "libpq does not understand the connection string";
    constexpr std::array names{"fallback_application_name", "dbname", "client_encoding", static_cast<const char*>(nullptr)};
    const std::array values{name_, dsn.c_str(), "UTF8", static_cast<const char*>(nullptr)};
    connection_.reset(PQconnectStartParams(names.data(), values.data(), 1));
    const auto until = deadline();
    auto state = PQstatus(connection_.get()) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
    while (state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING) {
        if (!await(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until)) return connection_.reset(), "cannot connect in time";
        state = PQconnectPoll(connection_.get());
    }
    if (state == PGRES_POLLING_OK) {
        PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
        return {};
    }
    auto why = said();
    connection_.reset();
    return why;
}

patient_connection::answer patient_connection::run(const policy::catalog_query& query) {
    auto* const to = connection_.get();
    answer found;
    const auto failed = [&](std::string why) { return found.problem = std::move(why), found; };
    std::vector<const char*> parameters;
    for (const auto& p : query.parameters) parameters.push_back(p ? p->c_str() : nullptr);
    const auto until = deadline();
    if (PQsendQueryParams(to, query.sql.c_str(), static_cast<int>(parameters.size()), nullptr, parameters.data(), nullptr, nullptr, 0) != 1)
        return failed(said());
    for (;;) {
        while (PQisBusy(to) == 1) {
            if (!await(POLLIN, until)) return connection_.reset(), failed("the server does not answer");
            if (PQconsumeInput(to) != 1) return failed(said());
        }
        const result r(PQgetResult(to));
        if (!r) return found;
        const auto status = PQresultStatus(r.get());
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
            read_rows(r.get(), found);
            continue;
        }
        found.problem = said();
        if (const char* code = PQresultErrorField(r.get(), PG_DIAG_SQLSTATE)) found.sqlstate = code;
    }
}

// False: the time is over, or it is to stop.
bool patient_connection::await(short events, long until) {
    std::array<pollfd, 2> both{pollfd{.fd = PQsocket(connection_.get()), .events = events, .revents = 0},
                               pollfd{.fd = wakeup_, .events = POLLIN, .revents = 0}};
    for (;;) {
        const auto left = std::max(0l, until - milliseconds_now());
        const int ready = ::poll(both.data(), both.size(), static_cast<int>(left));
        if (ready < 0 && errno == EINTR) continue;
        return ready > 0 && both[1].revents == 0;
    }
}

std::string patient_connection::said() const {
    std::string text = PQerrorMessage(connection_.get());
    while (!text.empty() && text.back() == '\n') text.pop_back();
    for (auto at = text.find("\n"); at != text.npos; at = text.find("\n")) text.replace(at, text.compare(at, 2, "\n\t") == 0 ? 2 : 1, " ");
    return text.empty() ? "no reason given" : text;
}

}  // namespace proxy
