#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/backend.hpp"
#include "protocol/bytes.hpp"
#include "proxy/scram_secret.hpp"

namespace proxy {

// The client's side of SCRAM-SHA-256 (RFC 5802), with a ClientKey in place of a password: how Lockkeeper logs in to the
// server as somebody who has proved to it that the password is right. Pure: messages in, messages out.
class scram_client {
public:
    struct account {
        std::string user;
        scram_secret secret;   // as Lockkeeper knows it; the server's must be the same one
        scram_key client_key;
    };

    // `end_point`: the digest of the server's certificate; empty: no TLS, or no channel binding with it.
    scram_client(account of, std::string end_point, std::string nonce)
        : account_(std::move(of)), end_point_(std::move(end_point)), nonce_(std::move(nonce)) {}

    struct step {
        protocol::buffer answer;  // to the server
        std::optional<protocol::error_fields> fatal;
        bool over = false;        // AuthenticationOk: the client is to see it
    };
    // The body of an Authentication message.
    step on_authentication(protocol::bytes body);
    // The server's ErrorResponse, in clearer words: nothing where it says itself what is wrong.
    std::optional<protocol::error_fields> on_error(protocol::bytes body) const;

private:
    enum class stage { asked, first_sent, final_sent, verified };

    step on_mechanisms(protocol::bytes list);
    step on_server_first(std::string_view message);
    step on_server_final(std::string_view message);
    step on_method(std::uint32_t method) const;
    protocol::error_fields other_secret() const;

    account account_;
    std::string end_point_, nonce_;
    stage stage_ = stage::asked;
    std::string gs2_header_, first_bare_;
    scram_key server_signature_;  // what the server has to show
};

}  // namespace proxy
