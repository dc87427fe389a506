#include "proxy/scram_server.hpp"

#include <algorithm>

#include "protocol/reader.hpp"
#include "protocol/writer.hpp"
#include "proxy/scram_text.hpp"

namespace proxy {
namespace {

using protocol::writer;
namespace sqlstate = protocol::sqlstate;

protocol::error_fields malformed(std::string detail) {
    return fatal_error(sqlstate::protocol_violation, "malformed SCRAM message", std::move(detail));
}

// Of a nonce (RFC 5802, 7: printable).
bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x21 && c <= 0x7e; });
}

std::string quoted(char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(c);
    if (c >= 0x21 && c <= 0x7e) return std::string("\"") + c + '"';
    return std::string("\"0x") + digits[code >> 4] + digits[code & 15] + '"';
}

}  // namespace

protocol::buffer scram_server::offer() const {
    writer list('R');
    list.int32(sasl);
    if (!end_point_.empty()) list.string(scram_plus);
    return list.string(scram_plain).int8(0).finish();
}

scram_server::step scram_server::refuse(protocol::error_fields why) {
    stage_ = stage::over;
    return {.reply = {}, .fatal = std::move(why)};
}

scram_server::step scram_server::on_response(protocol::bytes body) {
    if (stage_ == stage::mechanism) return on_mechanism(body);
    return on_message(protocol::as_text(body));
}

scram_server::step scram_server::on_message(std::string_view message) {
    if (message.empty()) return refuse(malformed("The message is empty."));
    if (message.find('\0') != message.npos) return refuse(malformed("Message length does not match input length."));
    if (stage_ == stage::first) return on_first(message);
    if (stage_ == stage::final) return on_final(message);
    return refuse(fatal_error(sqlstate::protocol_violation, "unexpected SASL response"));
}

// SASLInitialResponse: String mechanism; Int32 length of the client's first message, or -1 where there is none yet.
scram_server::step scram_server::on_mechanism(protocol::bytes body) {
    protocol::reader in(body);
    const auto name = in.string();
    const auto first = in.sized();
    if (!in.finish(0)) return refuse(fatal_error(sqlstate::protocol_violation, "invalid message format"));
    plus_ = name == scram_plus && !end_point_.empty();
    if (!plus_ && name != scram_plain)
        return refuse(fatal_error(sqlstate::protocol_violation, "client selected an invalid SASL authentication mechanism"));
    stage_ = stage::first;
    if (first.null) return {.reply = writer('R').int32(sasl_continue).finish(), .fatal = {}};
    return on_message(protocol::as_text(first.octets));
}

scram_server::step scram_server::on_first(std::string_view message) {
    if (auto wrong = read_first(message)) return refuse(std::move(*wrong));
    server_first_ = "r=" + nonce_ + ",s=" + to_base64(protocol::as_bytes(account_.secret.salt)) +
                    ",i=" + std::to_string(account_.secret.iterations);
    stage_ = stage::final;
    return {.reply = writer('R').int32(sasl_continue).octets(protocol::as_bytes(server_first_)).finish(), .fatal = {}};
}

// "n,,n=user,r=nonce": the name is not read, for the StartupMessage has it.
scram_server::refusal scram_server::read_first(std::string_view message) {
    if (auto wrong = read_binding_flag(message)) return wrong;
    first_bare_ = message;
    if (message.starts_with('m')) return fatal_error(sqlstate::feature_not_supported, "client requires an unsupported SCRAM extension");
    scram_attributes in(message);
    in.value('n');
    const auto nonce = in.value('r');
    while (!in.problem() && !in.rest().empty()) in.skip();
    if (in.problem()) return malformed(*in.problem());
    if (!is_printable(nonce)) return fatal_error(sqlstate::protocol_violation, "non-printable characters in SCRAM nonce");
    nonce_.insert(0, nonce);
    return std::nullopt;
}

// The GS2 header, which is cut off: n, the client knows no channel binding; y, it does and believes that we do not; p, and
// the kind of it. Then an identity to act as, which PostgreSQL does not know.
scram_server::refusal scram_server::read_binding_flag(std::string_view& message) {
    const char flag = message.front();
    if (flag != 'n' && flag != 'y' && flag != 'p') return malformed("Unexpected channel-binding flag " + quoted(flag) + ".");
    if (plus_ && flag != 'p')
        return malformed("The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.");
    if (!plus_ && flag == 'p')
        return malformed("The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.");
    if (flag == 'y' && !end_point_.empty())  // somebody has taken SCRAM-SHA-256-PLUS out of what we offer
        return fatal_error(sqlstate::invalid_authorization, "SCRAM channel binding negotiation error",
                           "The client supports SCRAM channel binding but thinks the server does not.  However, this server does "
                           "support channel binding.");
    const auto comma = message.find(',');
    const auto head = message.substr(0, comma);
    const bool known = flag == 'p' ? end_point_binding.starts_with(head) && head.size() == end_point_binding.size() - 2 : head.size() == 1;
    if (!known && flag == 'p') return fatal_error(sqlstate::protocol_violation, "unsupported SCRAM channel-binding type");
    if (!known || comma == message.npos)
        return malformed("Comma expected, but found " + (message.size() > 1 ? "character " + quoted(message[1]) : "the end") + ".");
    message.remove_prefix(comma + 1);
    if (message.starts_with('a'))
        return fatal_error(sqlstate::feature_not_supported, "client uses authorization identity, but it is not supported");
    if (!message.starts_with(',')) return malformed("Unexpected attribute in client-first-message.");
    message.remove_prefix(1);
    gs2_header_ = std::string(head) + ",,";
    return std::nullopt;
}

// "c=...,r=nonce,p=proof".
scram_server::step scram_server::on_final(std::string_view message) {
    scram_attributes in(message);
    const auto binding = in.value('c');
    const auto nonce = in.value('r');
    while (!in.problem() && !in.rest().starts_with('p')) in.skip();
    const auto without_proof = message.substr(0, message.size() - std::min(message.size(), in.rest().size() + 1));
    const auto proof = from_base64(in.value('p'));
    if (in.problem()) return refuse(malformed(*in.problem()));
    if (!in.rest().empty()) return refuse(malformed("Garbage found at the end of client-final-message."));
    if (auto wrong = check_binding(binding)) return refuse(std::move(*wrong));
    if (!proof || proof->size() != scram_key::size) return refuse(malformed("Malformed proof in client-final-message."));
    if (nonce != nonce_) return refuse(fatal_error(sqlstate::protocol_violation, "invalid SCRAM response", "Nonce does not match."));

    const auto exchange = first_bare_ + "," + server_first_ + "," + std::string(without_proof);
    const auto key = scram_key(protocol::as_bytes(*proof)) ^ hmac(account_.secret.stored_key, exchange);
    // Both are looked at: how long it takes says nothing about which users there are.
    const bool right = static_cast<unsigned>(same(hash(key), account_.secret.stored_key)) & static_cast<unsigned>(account_.genuine);
    if (!right)
        return refuse(fatal_error(sqlstate::invalid_password, "password authentication failed for user \"" + account_.user + "\""));
    client_key_ = key;
    stage_ = stage::over;
    const auto signature = "v=" + to_base64(hmac(account_.secret.server_key, exchange).octets);
    return {.reply = writer('R').int32(sasl_final).octets(protocol::as_bytes(signature)).finish(), .fatal = {}};
}

scram_server::refusal scram_server::check_binding(std::string_view attribute) const {
    if (attribute == to_base64(protocol::as_bytes(gs2_header_ + (plus_ ? end_point_ : std::string())))) return std::nullopt;
    if (plus_) return fatal_error(sqlstate::invalid_authorization, "SCRAM channel binding check failed");
    return fatal_error(sqlstate::protocol_violation, "unexpected SCRAM channel-binding attribute in client-final-message");
}

}  // namespace proxy
