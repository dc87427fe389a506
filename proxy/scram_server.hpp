#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "protocol/backend.hpp"
#include "protocol/bytes.hpp"
#include "proxy/scram_secret.hpp"

namespace proxy {

// The server's side of SCRAM-SHA-256 (RFC 5802), by which a client proves that it has the password. It says what
// PostgreSQL says (auth-sasl.c, auth-scram.c). Pure: messages in, messages out.
class scram_server {
public:
    struct account {
        std::string user;
        scram_secret secret;
        bool genuine = true;  // false: a mock, and whoever comes is refused in the end
    };

    // `end_point`: the digest of the certificate that the client sees; empty: channel binding is not offered.
    scram_server(account of, std::string end_point, std::string nonce)
        : account_(std::move(of)), end_point_(std::move(end_point)), nonce_(std::move(nonce)) {}

    // AuthenticationSASL.
    protocol::buffer offer() const;

    struct step {
        protocol::buffer reply;
        std::optional<protocol::error_fields> fatal;  // the client is not let in
    };
    // The body of a SASLInitialResponse or SASLResponse.
    step on_response(protocol::bytes body);

    // Set where the client has proved itself: with it, and without the password, one can log in wherever this secret holds.
    const std::optional<scram_key>& client_key() const noexcept { return client_key_; }
    const account& of() const noexcept { return account_; }

private:
    enum class stage { mechanism, first, final, over };
    using refusal = std::optional<protocol::error_fields>;

    step on_mechanism(protocol::bytes body);
    step on_message(std::string_view message);
    step on_first(std::string_view message);
    step on_final(std::string_view message);
    refusal read_first(std::string_view message);
    refusal read_binding_flag(std::string_view& message);
    refusal check_binding(std::string_view attribute) const;
    step refuse(protocol::error_fields why);

    account account_;
    std::string end_point_, nonce_;  // the latter ours, then the client's and ours
    stage stage_ = stage::mechanism;
    bool plus_ = false;          // the client has chosen SCRAM-SHA-256-PLUS
    std::string gs2_header_;     // "n,,", "y,," or end_point_binding
    std::string first_bare_, server_first_;
    std::optional<scram_key> client_key_;
};

}  // namespace proxy
