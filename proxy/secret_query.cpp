#include "proxy/secret_query.hpp"

#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

namespace proxy {
namespace {

constexpr std::size_t longest_queue = 10'000;
constexpr std::chrono::seconds patience{10};  // with connecting, and with one answer

struct clear_result {
    void operator()(PGresult* r) const noexcept { PQclear(r); }
};
using result = std::unique_ptr<PGresult, clear_result>;

long milliseconds_now() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}
long deadline() { return milliseconds_now() + std::chrono::milliseconds(patience).count(); }

secret_query::answer problem(std::string what) { return {.secret = {}, .problem = std::move(what)}; }

}  // namespace

void secret_query::close::operator()(pg_conn* connection) const noexcept { PQfinish(connection); }

secret_query::secret_query(std::string dsn, std::string query)
    : dsn_(std::move(dsn)), query_(std::move(query)), wakeup_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (wakeup_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
    thread_ = std::thread([this] { run(); });
}

secret_query::~secret_query() {
    {
        const std::lock_guard hold(mutex_);
        stopped_ = true;
    }
    changed_.notify_one();
    ::eventfd_write(wakeup_, 1);
    thread_.join();
    ::close(wakeup_);
}

void secret_query::ask(const std::string& user, done receiver) {
    {
        const std::lock_guard hold(mutex_);
        if (waiting_.size() < longest_queue) {
            waiting_.push_back({user, std::move(receiver)});
            return changed_.notify_one();
        }
    }
    receiver(problem("too many clients wait for it"));
}

void secret_query::run() {
    std::unique_lock hold(mutex_);
    for (;;) {
        changed_.wait(hold, [this] { return stopped_ || !waiting_.empty(); });
        if (stopped_) return;
        auto next = std::move(waiting_.front());
        waiting_.pop_front();
        hold.unlock();
        auto found = answer_for(next.user);
        hold.lock();
        if (stopped_) return;
        hold.unlock();
        if (!found.problem.empty()) spdlog::error("auth.query: {}", found.problem);
        next.receiver(std::move(found));
        hold.lock();
    }
}

// A connection that has gone bad while nobody asked is made anew; a second failure is an answer.
secret_query::answer secret_query::answer_for(const std::string& user) {
    const bool is_old = connection_ != nullptr;
    auto found = try_once(user);
    if (connection_ && PQstatus(connection_.get()) != CONNECTION_OK) connection_.reset();
    return is_old && !connection_ ? try_once(user) : found;
}

secret_query::answer secret_query::try_once(const std::string& user) {
    if (!connection_)
        if (auto why = connect(); !why.empty()) return problem(std::move(why));
    auto* const to = connection_.get();
    const std::array parameters{user.c_str()};
    const auto until = deadline();
    if (PQsendQueryParams(to, query_.c_str(), 1, nullptr, parameters.data(), nullptr, nullptr, 0) != 1) return problem(said());
    answer found;
    for (;;) {
        while (PQisBusy(to) == 1) {
            if (!await(POLLIN, until)) return connection_.reset(), problem("the server does not answer");
            if (PQconsumeInput(to) != 1) return problem(said());
        }
        const result r(PQgetResult(to));
        if (!r) return found;
        if (PQresultStatus(r.get()) != PGRES_TUPLES_OK) found.problem = said();
        else if (PQnfields(r.get()) < 2) found.problem = "it must return the user and its secret, and returns one column";
        else if (PQntuples(r.get()) > 1) found.problem = "it returns several rows for one user";
        else if (PQntuples(r.get()) == 1 && user == PQgetvalue(r.get(), 0, 0) && !PQgetisnull(r.get(), 0, 1))
            found.secret = PQgetvalue(r.get(), 0, 1);
    }
}

// Why there is no connection; empty: there is one. What stands behind dbname wins over what its string says.
std::string secret_query::connect() {
    constexpr std::array names{"fallback_application_name", "dbname", "client_encoding", static_cast<const char*>(nullptr)};
    const std::array values{"lockkeeper auth.query", dsn_.c_str(), "UTF8", static_cast<const char*>(nullptr)};
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

// False: the time is over, or it is to stop.
bool secret_query::await(short events, long until) {
    std::array<pollfd, 2> both{pollfd{.fd = PQsocket(connection_.get()), .events = events, .revents = 0},
                               pollfd{.fd = wakeup_, .events = POLLIN, .revents = 0}};
    for (;;) {
        const auto left = std::max(0l, until - milliseconds_now());
        const int ready = ::poll(both.data(), both.size(), static_cast<int>(left));
        if (ready < 0 && errno == EINTR) continue;
        return ready > 0 && both[1].revents == 0;
    }
}

std::string secret_query::said() const {
    std::string text = PQerrorMessage(connection_.get());
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text.empty() ? "no reason given" : text;
}

}  // namespace proxy
