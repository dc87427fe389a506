#include "proxy/session.hpp"

#include <sys/epoll.h>

#include <exception>
#include <utility>

#include <spdlog/spdlog.h>

#include "protocol/backend.hpp"
#include "protocol/startup.hpp"

// A session's traffic. How it comes to be stands in entrance.cpp, how it ends in farewell.cpp.

namespace proxy {
namespace {

constexpr std::size_t high_water = 256 * 1024;  // unsent bytes of a leg above which the other one is not read

// How long the server is waited for after Terminate or FATAL.
constexpr std::chrono::seconds parting{10};

// How often it is looked what became of a transaction that has exceeded locks.max_hold.
constexpr std::chrono::milliseconds second_look{20};

}  // namespace

// The one place where an exception of a session ends: with the session.
void session::guarded(const std::function<void()>& step) {
    try {
        step();
    } catch (const std::exception& problem) {
        spdlog::error("session {}: ended by an error of our own: {}", id_, problem.what());
        house_.to_client.clear();
        house_.to_server.clear();
        end();
    }
}

void session::leg::on_ready(std::uint32_t epoll_events) {
    socket.note(epoll_events);
    owner.guarded([this] { owner.run(); });
}

// What was read before comes first, and has a place of its own.
edge_socket* session::leg::reads_first() noexcept {
    if (owner.stage_ != stage::relaying) return nullptr;
    const bool heard = this == &owner.client_ ? owner.hears_client() : owner.hears_server();
    return heard ? &socket.socket() : nullptr;
}

session::session(house& h, int client, std::function<void(session&)> gone)
    : house_(h), gone_(std::move(gone)), id_(++h.shared.last_session), from_(remote_address(client).text()),
      local_(local_address(client).family() == AF_UNIX), accepted_(h.loop.now()) {
    tune(client, house_.settings->tcp_user_timeout);
    client_.socket.open(client, house_.loop, client_);
    timer_ = house_.loop.at(house_.loop.now() + house_.settings->limits.startup,
                            [this] { guarded([this] { on_late(); }); });
    ++house_.shared.connections;
    house_.counts.connections.add();
}

session::~session() {
    house_.loop.cancel_timer(timer_);
    house_.loop.cancel_timer(hold_timer_);
    house_.loop.cancel_timer(wake_timer_);
    house_.loop.cancel_timer(drain_timer_);
    if (self_) *self_ = nullptr;
    leave();
    --house_.shared.connections;
}

void session::run() {
    switch (stage_) {
    case stage::hello: return greet();
    case stage::securing: return on_handshake();
    case stage::authenticating: return authenticate();
    case stage::connecting:
        if (client_.socket.reset()) end();
        return;
    case stage::relaying: return relay();
    case stage::closing: return linger();
    case stage::canceling:
    case stage::ended: return;
    }
}

void session::on_late() {
    if (!gate_) return end();  // as the server does with a client that says nothing
    say_fatal("57014", "the connection was not ready within " +
                           std::to_string(house_.settings->limits.startup.count()) + " ms (limits.startup)");
}

// ---- both directions

void session::relay() {
    client_.socket.flush();
    server_.socket.flush();
    bool moved = true;
    for (int turn = 0; moved && turn < reads_per_turn && stage_ == stage::relaying; ++turn) {
        moved = server_to_client();
        if (stage_ == stage::relaying) moved |= client_to_server();
        if (stage_ == stage::relaying) take_stock();
    }
    if (stage_ == stage::relaying && moved) house_.loop.again(client_);
}

bool session::hears_server() const noexcept { return !server_.socket.ended() && client_.socket.unsent() < high_water; }

bool session::hears_client() const noexcept {
    return !gate_->closed() && !client_.socket.ended() && server_.socket.unsent() < high_water;
}

bool session::server_to_client() {
    if (!hears_server() || !server_.socket.may_read()) return false;
    const auto before = server_.socket.received();
    const auto in = server_.socket.receive(house_.scratch);
    if (in.empty()) return true;
    house_.counts.server_bytes.add(server_.socket.received() - before);
    feed_server(in);
    return true;
}

bool session::client_to_server() {
    if (!hears_client() || !client_.socket.may_read()) return false;
    const auto before = client_.socket.received();
    const auto in = client_.socket.receive(house_.scratch);
    if (in.empty()) return true;
    house_.counts.client_bytes.add(client_.socket.received() - before);
    feed_client(in);
    return true;
}

void session::feed_client(protocol::bytes in) {
    last_heard_ = house_.loop.now();
    gate_->set_now(house_.loop.now());
    const auto used = gate_->from_client(in, house_.to_server, house_.to_client);
    server_.socket.send(house_.to_server);
    client_.socket.send(house_.to_client);
    client_.socket.consume(used);
}

void session::feed_server(protocol::bytes in) {
    heard_ = true;
    last_heard_ = house_.loop.now();
    gate_->set_now(house_.loop.now());
    const auto used = gate_->from_server(in, house_.to_client, house_.to_server);
    client_.socket.send(house_.to_client);
    server_.socket.send(house_.to_server);
    server_.socket.consume(used);
    // What the client sent before its turn: while the gate was closed, or before the server let it in.
    if (!gate_->closed() && !client_.socket.leftover().empty()) feed_client(client_.socket.leftover());
}

// What the last reads and writes mean for the session as a whole.
void session::take_stock() {
    auto& client = client_.socket;
    auto& server = server_.socket;
    if (server.unsent() == 0) gate_->note_sent();
    if (const auto& fatal = gate_->fatal()) {
        spdlog::debug("session {}: ended by the gate", id_);
        if (gate_->wrong_server()) house_.shared.not_this_host(host_, next_host_);
        if (gate_->at_border()) client.send(protocol::encode_error(*fatal));
        return hang_up();
    }
    if (server.ended()) return on_server_gone();
    // A client that is gone takes its server connection with it, so that its locks go too; a plan of ours is let finish.
    const bool lost = !client.is_open() || client.broken() || (client.reset() && gate_->closed());
    if (lost && !gate_->running_plan()) {
        spdlog::debug("session {}: the client is gone", id_);
        return end();
    }
    if (lost) return client.close();
    watch_phase();
    watch_hold();
    watch_wake();
    if (client.ended() && !half_closed_ && !gate_->closed()) end_input();
    if (drain_after_ && idle()) leave_idle();
}

void session::end_input() {
    server_.socket.settle();
    if (server_.socket.unsent() > 0) return;
    half_closed_ = true;
    server_.socket.shutdown_send();
}

void session::watch_phase() {
    const auto phase = gate_->phase();
    if (starting_ && phase != protocol::phase::startup && phase != protocol::phase::authentication) {
        starting_ = false;
        house_.loop.cancel_timer(timer_);
    }
    if (phase == protocol::phase::closed && !parting_) {
        parting_ = true;
        timer_ = house_.loop.at(house_.loop.now() + parting, [this] { guarded([this] { hang_up(); }); });
    }
}

void session::watch_hold() {
    const auto until = gate_->held_until();
    if (until && hold_timer_ == 0) hold_timer_ = house_.loop.at(*until, [this] { guarded([this] { on_hold_timer(); }); });
}

void session::on_hold_timer() {
    hold_timer_ = 0;
    if (stage_ != stage::relaying) return;
    gate_->set_now(house_.loop.now());
    const auto what = gate_->relieve(house_.to_server, house_.to_client);
    server_.socket.send(house_.to_server);
    client_.socket.send(house_.to_client);
    if (what == gate::relief::cancel) cancel_statement();
    if (what == gate::relief::cancel || what == gate::relief::wait)
        hold_timer_ = house_.loop.at(house_.loop.now() + second_look, [this] { guarded([this] { on_hold_timer(); }); });
    take_stock();
}

void session::watch_wake() {
    const auto at = gate_->wake_at();
    if (at == wake_at_) return;
    house_.loop.cancel_timer(wake_timer_);
    wake_at_ = at;
    if (at) wake_timer_ = house_.loop.at(*at, [this] { guarded([this] { on_wake_timer(); }); });
}

void session::on_wake_timer() {
    wake_at_.reset();
    if (stage_ != stage::relaying) return;
    gate_->set_now(house_.loop.now());
    const bool overdue = gate_->wake(house_.to_server, house_.to_client);
    server_.socket.send(house_.to_server);
    client_.socket.send(house_.to_client);
    if (overdue) cancel_statement(canceler::whose::own);
    if (!gate_->closed() && !client_.socket.leftover().empty()) feed_client(client_.socket.leftover());
    take_stock();
}

void session::cancel_statement(canceler::whose of) {
    if (cancel_) return;  // it is still on its way
    const auto over = [this] {
        cancel_.reset();
        gate_->way_given();
        if (stage_ == stage::relaying) watch_wake();
    };
    cancel_ = std::make_unique<canceler>(house_, protocol::encode_cancel(gate_->server_key()), over, of);
}

void session::give_way(std::uint64_t attempt, std::size_t queue) {
    if (stage_ != stage::relaying || cancel_) return;
    gate_->set_now(house_.loop.now());
    if (gate_->give_way(attempt, queue)) cancel_statement(canceler::whose::own);
}

void session::on_server_gone() {
    spdlog::debug("session {}: the server has closed the connection", id_);
    gate_->on_server_lost();
    // After Terminate, its own FATAL or the client's end of input the server owes no explanation.
    if (gate_->phase() == protocol::phase::closed || half_closed_ || !gate_->at_border()) return hang_up();
    // Since TLS 1.3 a server refuses the certificate that it is shown after the handshake, from our point of view.
    const auto* tls = server_.socket.tls();
    if (!heard_ && tls != nullptr && !tls->problem().empty())
        return say_fatal("08006", "the server ended TLS before it said anything: " + tls->problem(),
                         "Lockkeeper's upstream.tls_certificate is what it shows to the server.");
    say_fatal("08006", heard_ ? "server closed the connection unexpectedly"
                              : "the server closed the connection before it said anything",
              heard_ ? "This probably means the server terminated abnormally before or while processing the request."
                     : "Is it PostgreSQL that listens at Lockkeeper's upstream.host and upstream.port?");
}

bool session::idle() const noexcept {
    return gate_->phase() == protocol::phase::ready && gate_->status() == 'I' && !gate_->closed() &&
           client_.socket.leftover().empty() && gate_->at_border();
}

void session::renew(std::shared_ptr<const config::settings> settings) {
    if (gate_) gate_->renew(std::move(settings));
}

void session::note_cancel(std::string_view key, cancel_stage how_far) noexcept {
    if (!gate_) return;
    gate_->note_cancel(key, how_far);
    if (stage_ == stage::relaying) watch_wake();
}

}  // namespace proxy
