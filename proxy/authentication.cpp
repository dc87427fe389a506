#include <utility>

#include <spdlog/spdlog.h>

#include "protocol/frame.hpp"
#include "protocol/limits.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/scram_text.hpp"
#include "proxy/session.hpp"

// How a client proves itself where authentication ends at Lockkeeper (auth.mode: scram). Nothing is asked of the server
// before it has.

namespace proxy {

void session::verify(const std::string& user) {
    if (user.empty()) return say_fatal("28000", "no PostgreSQL user name specified in startup packet");
    stage_ = stage::authenticating;
    self_ = std::make_shared<session*>(this);
    house_.shared.users->find(user, [loop = &house_.loop, self = self_, user](secrets::found f) {
        loop->post([self, user, f = std::move(f)] {
            if (*self != nullptr) (*self)->guarded([&] { (*self)->on_secret(user, f); });
        });
    });
}

void session::on_secret(const std::string& user, secrets::found f) {
    if (stage_ != stage::authenticating) return;
    if (!f.problem.empty())
        return say_fatal("08006", "lockkeeper cannot look up who may log in", "Its log says what is wrong with auth.query.");
    const auto* tls = client_.socket.tls();
    auto end_point = tls != nullptr ? end_point_of(tls->own_certificate()) : std::string();
    scram_server::account account{user, std::move(f.secret), f.genuine};
    login_ = std::make_unique<scram_server>(std::move(account), std::move(end_point), random_nonce());
    client_.socket.send(protocol::bytes(login_->offer()));
    authenticate();
}

void session::authenticate() {
    auto& client = client_.socket;
    client.flush();
    if (client.reset()) return end();
    if (!login_) return;
    hear_responses(client.leftover());
    while (stage_ == stage::authenticating && client.may_read())
        if (const auto in = client.receive(house_.scratch); !in.empty()) hear_responses(in);
    if (stage_ == stage::authenticating && client.ended()) end();  // it has no password to give, or is gone
}

void session::hear_responses(protocol::bytes in) {
    while (stage_ == stage::authenticating) {
        if (in.size() < protocol::header_size) return client_.socket.consume(0);
        const auto [tag, length] = protocol::read_header(in);
        if (tag == 'X') return end();
        const bool fits = length >= protocol::shortest_message && length <= protocol::longest_small;
        if (tag != 'p' || !fits) {
            client_.socket.consume(in.size());
            return say_fatal("08P01", fits ? "expected SASL response, got message type " + std::to_string(static_cast<unsigned char>(tag))
                                           : "invalid message length");
        }
        const auto size = std::size_t{length} + 1;
        if (in.size() < size) return client_.socket.consume(0);
        auto step = login_->on_response(in.subspan(protocol::header_size, size - protocol::header_size));
        client_.socket.consume(size);
        on_response(std::move(step));
        in = client_.socket.leftover();
    }
}

void session::on_response(scram_server::step step) {
    if (step.fatal) {
        spdlog::info("session {}: {} was not let in: SQLSTATE {}", id_, from_, step.fatal->get('C'));
        return say_fatal(*step.fatal);
    }
    client_.socket.send(protocol::bytes(step.reply));
    if (!login_->client_key()) return;
    const auto& of = login_->of();
    proved_ = std::make_unique<scram_client::account>(scram_client::account{of.user, of.secret, *login_->client_key()});
    login_.reset();
    dial();
}

}  // namespace proxy
