#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "protocol/backend.hpp"
#include "protocol/bytes.hpp"
#include "protocol/startup.hpp"
#include "proxy/scram_client.hpp"

namespace proxy {

// What of the beginning of a session is not passed on as it came: protocol versions and options that are newer than
// lockkeeper, channel binding that cannot hold through it, the authentication where Lockkeeper does it, and a server that is
// not the wanted kind. Pure.
class greeting {
public:
    // SCRAM-SHA-256-PLUS binds the authentication to the certificate that the client sees (RFC 5802, 6; RFC 5929, 4).
    enum class channel_binding {
        pass,    // no TLS to the server, or the same certificate on both connections
        hide,    // the client must not be offered it: it sees no certificate, or is known not to insist on one
        refuse,  // it sees another certificate than the server's: a client of libpq's could not log in either way
    };

    greeting() = default;
    greeting(channel_binding binding, config::session_attrs wanted) : binding_(binding), wanted_(wanted) {}
    // auth.mode: scram. The client is let in already; Lockkeeper answers what the server asks.
    greeting(std::unique_ptr<scram_client> login, config::session_attrs wanted)
        : wanted_(wanted), login_(std::move(login)), logs_in_(true) {}
    bool logs_in() const noexcept { return logs_in_; }

    // The packet to send in place of the client's StartupMessage: the version at most 3.2, without `_pq_.` options (there
    // is none that lockkeeper knows). Empty: it goes as it is.
    protocol::buffer offer(const protocol::startup_message& startup);

    // A message of the server's before its first ReadyForQuery.
    struct change {
        protocol::buffer before;                     // goes to the client first
        std::optional<protocol::buffer> instead;     // goes in place of the message; empty: nothing does
        protocol::buffer answer;                     // goes back to the server
        std::optional<protocol::error_fields> fatal; // the session ends with it
        bool wrong_server = false;                   // ... because another server may be the right one
    };
    change on_server(char tag, protocol::bytes body);

private:
    protocol::buffer negotiated(std::uint32_t version, const std::vector<std::string>& more) const;
    change on_authentication(protocol::bytes body) const;
    change log_in(char tag, protocol::bytes body);
    void on_parameter(protocol::bytes body, change& c);

    channel_binding binding_ = channel_binding::pass;
    config::session_attrs wanted_ = config::session_attrs::any;
    std::unique_ptr<scram_client> login_;  // until it is over: the key does not outlive the login
    bool logs_in_ = false;
    std::uint32_t offered_ = 0;           // the version that the server was asked for
    std::vector<std::string> withheld_;   // options that it was not asked for
    bool reduced_ = false;                // the client must be told, and was not yet
    std::optional<bool> recovering_, reads_only_;  // in_hot_standby, default_transaction_read_only
};

// An AuthenticationSASL without SCRAM-SHA-256-PLUS. Nothing: it is none, or does not have it, or nothing else.
std::optional<protocol::buffer> without_channel_binding(protocol::bytes authentication_body);

}  // namespace proxy
