#include "proxy/scram_client.hpp"

#include <algorithm>

#include "protocol/reader.hpp"
#include "protocol/writer.hpp"
#include "proxy/scram_text.hpp"

namespace proxy {
namespace {

using protocol::writer;
namespace sqlstate = protocol::sqlstate;

scram_client::step failed(protocol::error_fields why) { return {.answer = {}, .fatal = std::move(why)}; }

scram_client::step odd(std::string what) {
    return failed(fatal_error(sqlstate::connection_failure, "the server's part of SCRAM is not understood: " + std::move(what)));
}

// Authentication messages by their number (manual 55.7), where the server asks for something else.
std::string_view name_of(std::uint32_t method) {
    switch (method) {
    case 3: return "the password in clear text (password, ldap, radius or pam in its pg_hba.conf)";
    case 5: return "an MD5 password";
    case 7:
    case 9: return "GSSAPI or SSPI";
    default: return "something that Lockkeeper does not know";
    }
}

}  // namespace

scram_client::step scram_client::on_authentication(protocol::bytes body) {
    protocol::reader in(body);
    const auto method = in.int32();
    if (in.failed()) return odd("an Authentication message is too short");
    switch (method) {
    case 0:
        // It has let us in without a password (trust, cert), or has proved that it knows the secret. Nothing in between.
        if (stage_ != stage::asked && stage_ != stage::verified) return odd("it did not prove that it knows the secret");
        return {.answer = {}, .fatal = {}, .over = true};
    case sasl:
        if (stage_ == stage::asked) return on_mechanisms(in.rest());
        break;
    case sasl_continue:
        if (stage_ == stage::first_sent) return on_server_first(protocol::as_text(in.rest()));
        break;
    case sasl_final:
        if (stage_ == stage::final_sent) return on_server_final(protocol::as_text(in.rest()));
        break;
    default: return on_method(method);
    }
    return odd("a message comes out of turn");
}

scram_client::step scram_client::on_method(std::uint32_t method) const {
    return failed(fatal_error(sqlstate::invalid_authorization,
                              "the server does not ask user \"" + account_.user + "\" for SCRAM, and lockkeeper has no password to give it",
                              "It asks for " + std::string(name_of(method)) + ".",
                              "Let the server's pg_hba.conf ask for scram-sha-256 and give the user such a password, or set "
                              "Lockkeeper's auth.mode: pass."));
}

// y tells the server that we would bind if it could, so that it notices when somebody has taken its offer away.
scram_client::step scram_client::on_mechanisms(protocol::bytes list) {
    bool plain = false, plus = false;
    protocol::reader in(list);
    for (auto name = in.string(); !name.empty(); name = in.string()) {
        plain |= name == scram_plain;
        plus |= name == scram_plus;
    }
    plus = plus && !end_point_.empty();
    if (!plain && !plus) return on_method(sasl);
    gs2_header_ = plus ? end_point_binding : end_point_.empty() ? "n,," : "y,,";
    if (!plus) end_point_.clear();
    first_bare_ = "n=,r=" + nonce_;  // the server takes the name from the StartupMessage
    const auto message = gs2_header_ + first_bare_;
    stage_ = stage::first_sent;
    return {.answer = writer('p').string(plus ? scram_plus : scram_plain).sized(message).finish(), .fatal = {}};
}

// "r=nonce,s=salt,i=iterations". With another salt it cannot be the same secret: the proof is not given away.
scram_client::step scram_client::on_server_first(std::string_view message) {
    scram_attributes in(message);
    const auto nonce = in.value('r');
    const auto salt = from_base64(in.value('s'));
    const auto iterations = in.value('i');
    if (in.problem()) return odd(*in.problem());
    if (nonce.size() <= nonce_.size() || !nonce.starts_with(nonce_)) return odd("its nonce is not behind ours");
    if (!salt) return odd("its salt is not in base64");
    if (*salt != account_.secret.salt || iterations != std::to_string(account_.secret.iterations)) return failed(other_secret());

    const auto binding = to_base64(protocol::as_bytes(gs2_header_ + end_point_));
    const auto without_proof = "c=" + binding + ",r=" + std::string(nonce);
    const auto exchange = first_bare_ + "," + std::string(message) + "," + without_proof;
    const auto proof = account_.client_key ^ hmac(account_.secret.stored_key, exchange);
    server_signature_ = hmac(account_.secret.server_key, exchange);
    stage_ = stage::final_sent;
    return {.answer = writer('p').octets(protocol::as_bytes(without_proof + ",p=" + to_base64(proof.octets))).finish(), .fatal = {}};
}

scram_client::step scram_client::on_server_final(std::string_view message) {
    const auto signature = from_base64(message.starts_with("v=") ? message.substr(2) : std::string_view("?"));
    if (!signature || signature->size() != scram_key::size) return odd("it does not show a signature");
    if (!same(scram_key(protocol::as_bytes(*signature)), server_signature_))
        return failed(fatal_error(sqlstate::connection_failure, "the server could not prove that it knows the secret of user \"" +
                                                                    account_.user + "\"", "Its signature is another one.",
                                  "Is it the server that you meant? Lockkeeper's upstream.tls: verify-full makes sure of it."));
    stage_ = stage::verified;
    return {};
}

std::optional<protocol::error_fields> scram_client::on_error(protocol::bytes body) const {
    const auto error = protocol::decode_error(body);
    if (stage_ == stage::asked || !error || error->get('C') != sqlstate::invalid_password) return std::nullopt;
    return other_secret();
}

protocol::error_fields scram_client::other_secret() const {
    return fatal_error(sqlstate::invalid_password, "the server does not take the secret by which lockkeeper knows user \"" + account_.user + "\"",
                       "The client's password is right for Lockkeeper's secret. The server has another secret (even the same password "
                       "has one with each ALTER ROLE), or none, or the password has expired there (VALID UNTIL).",
                       "Copy rolpassword from the server's pg_authid into Lockkeeper's auth.file, or let auth.query ask for it.");
}

}  // namespace proxy
