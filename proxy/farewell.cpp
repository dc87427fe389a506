#include <chrono>
#include <utility>

#include "protocol/backend.hpp"
#include "proxy/session.hpp"

// How a session ends.

namespace proxy {
namespace {

// How long the client is waited for at the end.
constexpr std::chrono::seconds farewell{1}, last_results{60};

}  // namespace

void session::drain(std::chrono::milliseconds idle_for) {
    drain_after_ = idle_for;
    if (stage_ == stage::relaying && !starting_) guarded([this] { relay(); });
    if (!starting_ || stage_ == stage::canceling) return;
    if (idle_for.count() == 0) return stop();
    look_again_at(house_.loop.now() + idle_for);
}

void session::look_again_at(event_loop::clock::time_point when) {
    house_.loop.cancel_timer(drain_timer_);
    drain_timer_ = house_.loop.at(when, [this] {
        drain_timer_ = 0;
        if (starting_) return stop();
        if (stage_ == stage::relaying) guarded([this] { relay(); });
    });
}

// A client that has just been served may have its next query on the way: it is let go when nothing came for a while.
void session::leave_idle() {
    const auto due = last_heard_ + *drain_after_;
    if (due <= house_.loop.now()) return say_fatal("57P01", "terminating connection due to administrator command");
    look_again_at(due);
}

void session::give_up() {
    const auto now = stage_ == stage::relaying ? doing_now() : doing::idle;
    if (now == doing::judging || now == doing::waiting || now == doing::in_plan) cancel_statement();
}

void session::stop() {
    if (stage_ != stage::authenticating && stage_ != stage::connecting && stage_ != stage::relaying) return end();
    guarded([this] {
        gate_->on_server_lost();  // we let go of it: what is under way there ends unseen
        if (gate_->at_border()) return say_fatal("57P01", "terminating connection due to administrator command");
        hang_up();
    });
}

void session::say_fatal(const char* sqlstate, std::string message, std::string hint) {
    auto fatal = protocol::make_error("FATAL", sqlstate, std::move(message));
    if (!hint.empty()) fatal.set('H', std::move(hint));
    say_fatal(fatal);
}

void session::say_fatal(const protocol::error_fields& fatal) {
    client_.socket.send(protocol::encode_error(fatal));
    hang_up();
}

// The server is let go at once. The client may still have to read what it was sent: closing a socket with unread input
// in it resets the connection, and the reset would overtake our last words.
void session::hang_up() {
    if (stage_ == stage::ended) return;
    stage_ = stage::closing;
    dial_.reset();
    cancel_.reset();
    server_.socket.close();
    leave();
    house_.loop.cancel_timer(timer_);
    timer_ = house_.loop.at(house_.loop.now() + last_results, [this] { end(); });
    linger();
}

void session::linger() {
    auto& client = client_.socket;
    client.settle();
    for (int turn = 0; client.may_read() && turn < reads_per_turn; ++turn) client.consume(client.receive(house_.scratch).size());
    if (client.broken() || (client.ended() && client.unsent() == 0)) return end();
    if (client.may_read()) house_.loop.again(client_);
    if (client.unsent() > 0 || fin_sent_) return;
    fin_sent_ = true;
    client.shutdown_send();
    house_.loop.cancel_timer(timer_);
    timer_ = house_.loop.at(house_.loop.now() + farewell, [this] { end(); });
}

// Its place under limits.clients is free again.
void session::leave() noexcept {
    if (std::exchange(counted_, false)) --house_.shared.clients;
    if (const auto user = std::exchange(user_in_, std::nullopt)) house_.shared.users_in.leave(*user);
    if (const auto database = std::exchange(database_in_, std::nullopt)) house_.shared.databases_in.leave(*database);
}

void session::end() noexcept {
    if (stage_ == stage::ended) return;
    stage_ = stage::ended;
    house_.loop.cancel_timer(timer_);
    dial_.reset();
    cancel_.reset();
    client_.socket.close();
    server_.socket.close();
    gone_(*this);
}

}  // namespace proxy
