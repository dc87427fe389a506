#include <memory>
#include <utility>

#include <spdlog/spdlog.h>

#include "protocol/startup.hpp"
#include "proxy/session.hpp"
#include "proxy/wall_clock.hpp"

// How a client comes in: its first packets, TLS, and the connection to the server.

namespace proxy {
namespace {

const std::uint8_t not_encrypted = 'N', encrypted = 'S';

// For the server the last one counts.
// The last one of that name counts, as for the server.
std::string parameter_of(const protocol::startup_message& startup, std::string_view wanted) {
    std::string found;
    for (const auto& [name, value] : startup.parameters)
        if (name == wanted) found = value;
    return found;
}

std::string user_of(const protocol::startup_message& startup) { return parameter_of(startup, "user"); }

std::string database_of(const protocol::startup_message& startup) {
    const auto database = parameter_of(startup, "database");
    return database.empty() ? user_of(startup) : database;
}

}  // namespace

void session::greet() {
    auto& client = client_.socket;
    client.flush();
    while (stage_ == stage::hello && client.may_read()) {
        const auto in = client.receive(house_.scratch);
        const auto step = hello_.next(in);
        if (in.empty()) continue;
        switch (step.what) {
        case hello::what::more: client.consume(0); break;
        case hello::what::tls:
        case hello::what::no:
            client.consume(step.size);
            answer_encryption(step.what == hello::what::tls);
            break;
        case hello::what::direct:
            client.consume(0);
            secure(true);
            break;
        case hello::what::startup: on_startup(in.first(step.size)); break;
        case hello::what::cancel: on_cancel(in.first(step.size)); break;
        case hello::what::bad:
            client.consume(in.size());
            say_fatal(step.sqlstate, step.problem);
            break;
        }
    }
    if (stage_ != stage::hello || !client.ended()) return;
    if (!client.leftover().empty()) spdlog::debug("session {}: {} left in the middle of its first packet", id_, from_);
    end();
}

// GSSAPI encryption is never there, and like the server lockkeeper does not encrypt what stays on the machine.
void session::answer_encryption(bool tls_wanted) {
    const auto tls = house_.shared.tls.load();
    const bool yes = tls_wanted && tls && tls->clients && !local_;
    client_.socket.send(protocol::bytes(yes ? &encrypted : &not_encrypted, 1));
    if (yes) secure(false);
}

void session::secure(bool direct) {
    auto tls = house_.shared.tls.load();
    if (!tls || !tls->clients || local_) return say_fatal("08P01", "invalid length of startup packet");  // it cannot be TLS
    direct_tls_ = direct;
    client_.socket.accept_tls(std::move(tls));
    stage_ = stage::securing;
    on_handshake();
}

void session::on_handshake() {
    using enum tls_stream::outcome;
    auto& client = client_.socket;
    client.flush();  // of the handshake, what was to be sent together with others' and was not taken
    const auto then = client.handshake();
    if (then == wants_read || then == wants_write) return;
    if (then != done) {
        spdlog::debug("session {}: no TLS with {}: {}", id_, from_, client.tls()->problem());
        return end();
    }
    // Without ALPN a browser could be made to speak to us (manual 55.2.10).
    if (direct_tls_ && !client.tls()->chose_protocol()) {
        spdlog::debug("session {}: {} began with TLS, but without ALPN for postgresql", id_, from_);
        return end();
    }
    stage_ = stage::hello;
    hello_.secured();
    greet();
}

// Whether the configuration lets this client in; where not, it is told.
bool session::may_enter(const protocol::startup_message& startup) {
    using enum config::client_tls;
    const auto wanted = house_.settings->tls.client;
    if (wanted == disable || wanted == allow || local_) return true;
    const auto* tls = client_.socket.tls();
    if (tls == nullptr) {
        say_fatal("28000", "an encrypted connection is required", "Connect with sslmode=require or stronger (Lockkeeper's tls.client).");
        return false;
    }
    if (wanted != verify_full) return true;
    const auto user = user_of(startup);
    const auto name = common_name(tls->peer_certificate().get());
    if (name == user && !user.empty()) return true;
    say_fatal("28000", "certificate authentication failed for user \"" + user + "\"",
              "The common name of the client's certificate must be the user's name (Lockkeeper's tls.client: verify-full).");
    return false;
}

// limits.clients_per_user and limits.clients_per_database; where one is reached, the client is told.
bool session::find_place(const protocol::startup_message& startup) {
    const auto user = user_of(startup);
    const auto database = database_of(startup);
    const auto& limits = house_.settings->limits;
    const auto full = [this](const std::string& what, std::size_t limit, const char* key) {
        house_.counts.refused.add();
        say_fatal("53300", "too many connections for " + what, "Lockkeeper lets " + std::to_string(limit) + " in at a time (" + key + ").");
        return false;
    };
    if (!house_.shared.users_in.enter(user, limits.clients_per_user))
        return full("role \"" + user + "\"", limits.clients_per_user, "limits.clients_per_user");
    user_in_ = user;
    if (!house_.shared.databases_in.enter(database, limits.clients_per_database))
        return full("database \"" + database + "\"", limits.clients_per_database, "limits.clients_per_database");
    database_in_ = database;
    return true;
}

void session::on_startup(protocol::bytes packet) {
    const auto startup = protocol::decode_startup(packet);
    if (!startup) return say_fatal("08P01", "invalid startup packet layout");
    if (!may_enter(*startup)) return;
    const auto limit = house_.settings->limits.clients;
    counted_ = true;
    house_.counts.sessions.add();
    if (++house_.shared.clients > limit) {
        house_.counts.refused.add();
        return say_fatal("53300", "sorry, too many clients already",
                         "Lockkeeper lets " + std::to_string(limit) + " in at a time (limits.clients).");
    }
    if (!find_place(*startup)) return;
    spdlog::debug("session {}: a client from {}", id_, from_);
    gate_ = std::make_unique<gate>(house_.settings, gate::identity{id_, from_, wall_clock, &house_.counts, &house_.shared.held},
                                   [this](audit_record&& r) {
                                       house_.loop.joint().flush();  // a disk that hangs is not to hold back others' answers
                                       return house_.shared.audit(std::move(r));
                                   });
    startup_.assign(packet.begin(), packet.end());
    client_.socket.consume(packet.size());
    if (house_.shared.users != nullptr) return verify(user_of(*startup));
    dial();
}

void session::dial() {
    stage_ = stage::connecting;
    dial_ = std::make_unique<upstream>(house_.loop, house_.shared.names, house_.target(),
                                       [this](connection&& made) { guarded([&] { on_connected(std::move(made)); }); });
}

void session::on_cancel(protocol::bytes packet) {
    if (house_.cancels >= canceler::at_a_time) {
        spdlog::warn("session {}: a cancel request was dropped: {} are on their way", id_, house_.cancels);
        return end();
    }
    stage_ = stage::canceling;
    house_.counts.cancels.add();
    cancel_ = std::make_unique<canceler>(house_, packet, [this] {
        cancel_.reset();
        guarded([this] { hang_up(); });
    });
    client_.socket.consume(packet.size());
}

void session::on_connected(connection&& made) {
    dial_.reset();
    if (made.descriptor < 0) {
        house_.counts.upstream_failures.add();
        spdlog::warn("session {}: cannot connect to the server at {}: {}", id_, made.name, made.problem);
        return say_fatal("08001", "cannot connect to the server at " + made.name + ": " + made.problem,
                         "Is PostgreSQL running there? Lockkeeper's upstream.host and upstream.port name the server.");
    }
    stage_ = stage::relaying;
    host_ = made.host;
    next_host_ = made.next;
    server_.socket.open(made.descriptor, house_.loop, server_, std::move(made.tls));
    auto& client = client_.socket;
    const auto packet = std::exchange(startup_, {});
    const auto startup = protocol::decode_startup(packet).value();
    auto first = greeting_with_server();
    const auto changed = first.offer(startup);
    server_.socket.send(protocol::bytes(changed.empty() ? packet : changed));
    gate_->on_startup(startup, std::move(first));
    if (!client.leftover().empty()) feed_client(client.leftover());
    relay();
}

greeting session::greeting_with_server() {
    using enum greeting::channel_binding;
    const auto& settings = *house_.settings;
    const auto* clients = client_.socket.tls();
    const auto* servers = server_.socket.tls();
    if (const auto account = std::exchange(proved_, nullptr)) {
        auto end_point = servers != nullptr ? end_point_of(servers->peer_certificate().get()) : std::string();
        auto login = std::make_unique<scram_client>(std::move(*account), std::move(end_point), random_nonce());
        return {std::move(login), settings.upstream.target_session_attrs};
    }
    auto binding = pass;
    if (servers != nullptr && clients == nullptr) binding = hide;
    if (servers != nullptr && clients != nullptr && !same_certificate(clients->own_certificate(), servers->peer_certificate().get()))
        binding = settings.tls.without_channel_binding ? hide : refuse;
    return {binding, settings.upstream.target_session_attrs};
}

}  // namespace proxy
