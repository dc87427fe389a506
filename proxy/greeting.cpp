#include "proxy/greeting.hpp"

#include <algorithm>
#include <string_view>

#include "proxy/gate.hpp"

namespace proxy {
namespace {

using protocol::bytes;
using protocol::buffer;

constexpr std::uint32_t newest_version = 3u << 16 | 2;
constexpr std::uint32_t sasl = 10;  // AuthenticationSASL (manual 55.7)
constexpr std::string_view plus = "SCRAM-SHA-256-PLUS";

void put_number(buffer& to, std::uint32_t n) {
    for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<std::uint8_t>(n >> shift));
}
void put_text(buffer& to, std::string_view text) {
    to.insert(to.end(), text.begin(), text.end());
    to.push_back(0);
}
std::uint32_t number(bytes b) {
    return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | std::uint32_t{b[3]};
}

// The texts up to an empty one or the end, each ended by a zero octet.
std::vector<std::string> texts(bytes b) {
    std::vector<std::string> all;
    for (;;) {
        const auto end = std::find(b.begin(), b.end(), std::uint8_t{0});
        if (end == b.end() || end == b.begin()) return all;
        all.emplace_back(b.begin(), end);
        b = {end + 1, b.end()};
    }
}

buffer message(char tag, const buffer& body) {
    buffer m{static_cast<std::uint8_t>(tag)};
    put_number(m, static_cast<std::uint32_t>(body.size() + 4));
    m.insert(m.end(), body.begin(), body.end());
    return m;
}

bool offers_plus(bytes body) {
    if (body.size() < 4 || number(body) != sasl) return false;
    const auto mechanisms = texts(body.subspan(4));
    return std::find(mechanisms.begin(), mechanisms.end(), plus) != mechanisms.end();
}

protocol::error_fields cannot_bind() {
    auto fatal = protocol::make_error("FATAL", "28000", "SCRAM with channel binding cannot pass between two different certificates");
    fatal.set('D', "Both connections of lockkeeper are encrypted, the client's with another certificate than the server's.");
    fatal.set('H', "Give lockkeeper the server's certificate and key (tls.certificate, tls.key), or set "
                   "tls.without_channel_binding and let clients say channel_binding=disable, or set auth.mode: scram.");
    return fatal;
}

}  // namespace

std::optional<buffer> without_channel_binding(bytes body) {
    if (!offers_plus(body)) return std::nullopt;
    auto mechanisms = texts(body.subspan(4));
    std::erase(mechanisms, plus);
    if (mechanisms.empty()) return std::nullopt;
    buffer list;
    put_number(list, sasl);
    for (const auto& name : mechanisms) put_text(list, name);
    list.push_back(0);
    return message('R', list);
}

buffer greeting::offer(const protocol::startup_message& startup) {
    offered_ = std::min(startup.version, newest_version);
    for (const auto& [name, value] : startup.parameters)
        if (name.starts_with("_pq_.")) withheld_.push_back(name);
    reduced_ = offered_ != startup.version || !withheld_.empty();
    if (!reduced_) return {};
    buffer rest;
    put_number(rest, offered_);
    for (const auto& [name, value] : startup.parameters) {
        if (name.starts_with("_pq_.")) continue;
        put_text(rest, name);
        put_text(rest, value);
    }
    rest.push_back(0);
    buffer packet;
    put_number(packet, static_cast<std::uint32_t>(rest.size() + 4));
    packet.insert(packet.end(), rest.begin(), rest.end());
    return packet;
}

// NegotiateProtocolVersion: the version, and the options that are not understood (manual 55.7).
buffer greeting::negotiated(std::uint32_t version, const std::vector<std::string>& more) const {
    buffer body;
    put_number(body, version);
    put_number(body, static_cast<std::uint32_t>(withheld_.size() + more.size()));
    for (const auto& name : withheld_) put_text(body, name);
    for (const auto& name : more) put_text(body, name);
    return message('v', body);
}

// The server says `v` before all else, or not at all. The client gets one in any case where it was promised less.
greeting::change greeting::on_server(char tag, bytes body) {
    change c;
    if (tag == 'v' && reduced_ && body.size() >= 8) {
        c.instead = negotiated(number(body), texts(body.subspan(8)));
        reduced_ = false;
        return c;
    }
    if (login_ && (tag == 'R' || tag == 'E')) c = log_in(tag, body);
    else if (tag == 'R') c = on_authentication(body);
    if (tag == 'S') on_parameter(body, c);
    if (std::exchange(reduced_, false)) c.before = negotiated(offered_, {});
    return c;
}

greeting::change greeting::on_authentication(bytes body) const {
    change c;
    if (binding_ == channel_binding::hide) c.instead = without_channel_binding(body);
    if (binding_ == channel_binding::refuse && offers_plus(body)) c.fatal = cannot_bind();
    return c;
}

// The client sees the end of it: AuthenticationOk, or why there is none.
greeting::change greeting::log_in(char tag, bytes body) {
    change c;
    if (tag == 'E') {
        c.fatal = login_->on_error(body);
        return c;
    }
    auto step = login_->on_authentication(body);
    c.fatal = std::move(step.fatal);
    c.answer = std::move(step.answer);
    if (step.over) login_.reset();
    else c.instead.emplace();
    return c;
}

// PostgreSQL 14 and later report both settings, in any order.
void greeting::on_parameter(bytes body, change& c) {
    using enum config::session_attrs;
    const auto parameter = protocol::decode_parameter_status(body);
    if (wanted_ == any || !parameter) return;
    const auto [name, value] = *parameter;
    if (name == "in_hot_standby") recovering_ = value == "on";
    if (name == "default_transaction_read_only") reads_only_ = value == "on";
    if (!recovering_ || !reads_only_) return;
    const bool writes = !*recovering_ && !*reads_only_;
    const bool right = wanted_ == primary ? !*recovering_ : wanted_ == standby ? *recovering_ : (wanted_ == read_write) == writes;
    if (right) return;
    c.wrong_server = true;
    c.fatal = protocol::make_error("FATAL", "08004", *recovering_ ? "the server is in hot standby mode"
                                                     : writes     ? "the server is the primary, and not read-only"
                                                                  : "sessions of the server are read-only by default");
    c.fatal->set('H', "Connect again: lockkeeper goes on to the next of upstream.host until it meets target_session_attrs.");
}

// ---- the gate's part

void gate::on_startup(const protocol::startup_message& startup, greeting first) {
    greeting_ = std::move(first);
    conversation_.startup_sent();
    for (const auto& [name, value] : startup.parameters) {
        if (name == "user") known_.user = value;
        if (name == "database") known_.database = value;
        if (name == "replication") known_.replication = value != "false" && value != "off" && value != "no" && value != "0";
    }
    if (known_.database.empty()) known_.database = known_.user;
}

// What the server says before its first ReadyForQuery.
gate::verdict gate::on_greeting(char tag, bytes body) {
    auto change = greeting_.on_server(tag, body);
    to_client_->add(std::move(change.before));
    if (change.instead) to_client_->add(std::move(*change.instead));
    to_server_->add(std::move(change.answer));
    if (!change.fatal) return change.instead ? verdict::swallow : verdict::pass;
    fatal_ = std::move(change.fatal);
    wrong_server_ = change.wrong_server;
    return verdict::swallow;
}

}  // namespace proxy
