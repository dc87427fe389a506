#include "proxy/own_session.hpp"

#include <libpq-fe.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "protocol/writer.hpp"
#include "proxy/wall_clock.hpp"

namespace proxy {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void note_interrupt(int) { interrupted = 1; }

// While it lives SIGINT cancels instead of ending the program.
class interrupt_guard {
public:
    interrupt_guard() {
        struct sigaction ours{};
        ours.sa_handler = note_interrupt;  // without SA_RESTART: poll(2) is to return
        interrupted = 0;
        ::sigaction(SIGINT, &ours, &before_);
    }
    ~interrupt_guard() { ::sigaction(SIGINT, &before_, nullptr); }
    interrupt_guard(const interrupt_guard&) = delete;
    interrupt_guard& operator=(const interrupt_guard&) = delete;

private:
    struct sigaction before_{};
};

constexpr std::chrono::seconds longest_wait{1};

void append(protocol::buffer& to, protocol::writer&& message) {
    const auto whole = message.finish();
    to.insert(to.end(), whole.begin(), whole.end());
}

// The first error among what a client would have been told.
std::optional<protocol::error_fields> first_error(protocol::bytes said) {
    for (std::size_t at = 0; at + protocol::header_size <= said.size();) {
        const auto head = protocol::read_header(said.subspan(at));
        const auto body = said.subspan(at + protocol::header_size, head.length - 4);
        if (head.tag == 'E') {
            auto error = protocol::decode_error(body);
            return error ? std::move(*error) : protocol::error_fields{};
        }
        at += std::size_t{head.length} + 1;
    }
    return std::nullopt;
}

SSL* tls_of(PGconn* connection) { return static_cast<SSL*>(PQsslStruct(connection, "OpenSSL")); }

}  // namespace

own_session::own_session(const std::string& dsn, std::shared_ptr<const config::settings> settings, audit_sink audit,
                         std::function<void()> each_second)
    : connection_(dsn), gate_(std::move(settings), {.client = "lockkeeper resume", .clock = &wall_clock}, std::move(audit)),
      each_second_(std::move(each_second)) {
    greet();
}

int own_session::server_pid() const noexcept { return PQbackendPID(connection_.get()); }

// What the server has told libpq the gate is told again.
void own_session::greet() {
    using protocol::writer;
    const auto key_data = writer('K').int32(static_cast<std::uint32_t>(server_pid())).int32(0).finish();  // libpq keeps the secret key to itself
    key_.assign(key_data.begin() + protocol::header_size, key_data.end());
    protocol::buffer told;
    append(told, std::move(writer('R').int32(0)));
    for (const auto* name : {"server_version", "TimeZone", "application_name", "client_encoding", "standard_conforming_strings"})
        append(told, std::move(writer('S').string(name).string(connection_.parameter(name))));
    told.insert(told.end(), key_data.begin(), key_data.end());
    append(told, std::move(writer('Z').int8('I')));
    gate_.on_startup({.version = 3u << 16, .parameters = {{"user", PQuser(connection_.get())}, {"database", PQdb(connection_.get())}}});
    gate_.from_server(told, to_client_, to_server_);
    to_client_.clear();
}

std::optional<protocol::error_fields> own_session::resume(deferred_work work, std::string_view statement) {
    const interrupt_guard guard;
    said_.clear();
    gate_.set_now(std::chrono::steady_clock::now());
    gate_.resume(std::move(work), statement, to_server_, to_client_);
    converse();
    return gate_.fatal() ? gate_.fatal() : first_error(said_);
}

void own_session::converse() {
    send_all();
    while (gate_.running_plan() && !gate_.fatal()) {
        if (!receive()) {
            wait(POLLIN);
            wake();
            continue;
        }
        gate_.set_now(std::chrono::steady_clock::now());
        const auto used = gate_.from_server(left_, to_client_, to_server_);
        send_all();
        left_.erase(left_.begin(), left_.begin() + static_cast<std::ptrdiff_t>(used));
    }
}

void own_session::send_all() {
    for (const auto part : to_client_.parts()) said_.insert(said_.end(), part.begin(), part.end());
    for (const auto part : to_server_.parts()) send(part);
    to_client_.clear();
    to_server_.clear();
}

void own_session::send(protocol::bytes bytes) {
    auto* tls = tls_of(connection_.get());
    while (!bytes.empty()) {
        const auto sent = tls ? ::SSL_write(tls, bytes.data(), static_cast<int>(bytes.size()))
                              : ::send(PQsocket(connection_.get()), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        const bool again = tls ? ::SSL_get_error(tls, static_cast<int>(sent)) == SSL_ERROR_WANT_WRITE : errno == EAGAIN || errno == EINTR;
        if (sent > 0) bytes = bytes.subspan(static_cast<std::size_t>(sent));
        else if (again) wait(POLLOUT);
        else throw connection_error("the connection to the server is lost");
    }
}

// False: there is nothing yet.
bool own_session::receive() {
    std::array<std::uint8_t, 16384> some{};
    auto* tls = tls_of(connection_.get());
    const auto got = tls ? ::SSL_read(tls, some.data(), static_cast<int>(some.size()))
                         : ::recv(PQsocket(connection_.get()), some.data(), some.size(), 0);
    if (got > 0) {
        left_.insert(left_.end(), some.begin(), some.begin() + got);
        return true;
    }
    const int why = tls ? ::SSL_get_error(tls, static_cast<int>(got)) : 0;
    if (tls ? why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE : got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    throw connection_error("the server has closed the connection");
}

void own_session::wait(short events) {
    pollfd one{.fd = PQsocket(connection_.get()), .events = events, .revents = 0};
    const auto now = std::chrono::steady_clock::now();
    const auto until = std::clamp(gate_.wake_at().value_or(now + longest_wait), now, now + longest_wait);
    const int ready = ::poll(&one, 1, static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(until - now).count()));
    if (interrupted != 0) cancel();
    if (ready == 0) each_second_();
}

void own_session::wake() {
    gate_.set_now(std::chrono::steady_clock::now());
    const bool overdue = gate_.wake(to_server_, to_client_);
    send_all();
    if (!overdue) return;
    tell_to_cancel();
    gate_.way_given();
}

void own_session::cancel() {
    interrupted = 0;
    const auto key = std::string(protocol::as_text(key_));
    gate_.note_cancel(key, cancel_stage::come);
    tell_to_cancel();
    gate_.note_cancel(key, cancel_stage::sent);
}

void own_session::tell_to_cancel() {
    std::array<char, 256> error{};
    auto* request = PQgetCancel(connection_.get());
    if (request != nullptr) PQcancel(request, error.data(), error.size());
    PQfreeCancel(request);
}

}  // namespace proxy
