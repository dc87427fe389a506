#include "proxy/gate.hpp"

#include <algorithm>
#include <charconv>

#include "protocol/frontend.hpp"
#include "protocol/limits.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/judged_message.hpp"
#include "proxy/refusal.hpp"

// The walk over both streams. What a judged message goes through stands in judging.cpp.

namespace proxy {

using protocol::bytes;
using protocol::phase;

gate::gate(std::shared_ptr<const config::settings> settings, identity who, audit_sink audit)
    : settings_(std::move(settings)), who_(std::move(who)), audit_(std::move(audit)) {}

gate::~gate() = default;

void gate::on_startup(const protocol::startup_message& startup) {
    conversation_.startup_sent();
    for (const auto& [name, value] : startup.parameters) {
        if (name == "user") known_.user = value;
        if (name == "database") known_.database = value;
        if (name == "replication") known_.replication = value != "false" && value != "off" && value != "no" && value != "0";
    }
    if (known_.database.empty()) known_.database = known_.user;
}

bool gate::closed() const noexcept {
    if (task_ || fatal_) return true;
    if (client_rest_ > 0) return false;  // a message that has begun to go out must end, or nothing answers it
    if (conversation_.owed().full()) return true;
    // Timeouts of ours are in force: nothing goes past the ReadyForQuery after which they are restored, but the data of a COPY.
    return awaiting_ready_ && conversation_.owed().copying() != 'G';
}

void gate::die(std::string_view sqlstate, std::string message) {
    if (!fatal_) fatal_ = protocol::make_error("FATAL", sqlstate, std::move(message));
}

// ---- client to server

std::size_t gate::from_client(bytes in, outbox& to_server, outbox& to_client) {
    to_server_ = &to_server;
    to_client_ = &to_client;
    in_ = in;
    run_ = 0;
    std::size_t at = static_cast<std::size_t>(std::min<std::uint64_t>(client_rest_, in.size()));
    client_rest_ -= at;
    if (long_text_) look_on(in.first(at), client_rest_ == 0);
    if (drop_rest_) run_ = at;
    while (!closed() && client_frame(in, at)) {
    }
    flush_server(at);
    return at;
}

void gate::flush_server(std::size_t at) {
    if (at > run_) to_server_->forward(in_.subspan(run_, at - run_));
    run_ = at;
}

// The message at `at`; false when more of it is needed, or the gate does not let it in now.
bool gate::client_frame(bytes in, std::size_t& at) {
    const auto rest = in.subspan(at);
    if (rest.size() < protocol::header_size) return false;
    const auto head = protocol::read_header(rest);
    if (head.length < 4 || head.length > protocol::longest_frontend(head.tag)) {
        die(protocol::sqlstate::protocol_violation, "invalid message length");
        return false;
    }
    if (!may_pass(head.tag)) {
        if (password_owed_)
            die(protocol::sqlstate::protocol_violation, "expected a password message, got message type " +
                                                            std::to_string(static_cast<unsigned char>(head.tag)));
        return false;
    }
    if (!discarding_ && !conversation_.allows(head.tag)) {
        die(protocol::sqlstate::protocol_violation, "unexpected message type " + std::to_string(static_cast<unsigned char>(head.tag)) +
                                                        " during COPY from stdin");
        return false;
    }
    const auto size = std::uint64_t{head.length} + 1;
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(size, rest.size()));
    bool forward = true;
    if (discarding_ && head.tag != 'S' && head.tag != 'X') {
        flush_server(at);
        forward = false;  // in pieces too: client_rest_ is dropped with it (drop_rest_)
    } else if (whole_needed(head.tag) && !skipping()) {
        flush_server(at);
        const auto way = route(head.tag, rest.first(here), size);
        if (way == route_to::wait) return false;
        forward = way == route_to::server;
    } else {
        pass(head.tag);
    }
    if (fatal_) return false;
    at += here;
    client_rest_ = size - here;
    drop_rest_ = !forward;
    if (!forward) run_ = at;
    return client_rest_ == 0;
}

bool gate::whole_needed(char tag) const noexcept {
    switch (tag) {
    case 'Q':
    case 'P': return true;
    case 'B':
    case 'E':
    case 'C': return !prepared_.empty() || !noted_.empty();
    default: return false;
    }
}

// What may go to the server in this phase; what may not waits until it may (or until the server has had enough of the client).
bool gate::may_pass(char tag) const noexcept {
    if (phase() == phase::authentication) return tag == 'p' || tag == 'X';
    if (awaiting_ready_) return tag == 'd' || tag == 'c' || tag == 'f' || tag == 'H' || tag == 'S';
    return true;
}

// A message of the client's goes to the server now.
void gate::pass(char tag, note n) {
    const auto allowed = conversation_.on_frontend(tag, protocol::sender::client, static_cast<std::uint16_t>(n));
    if (!allowed) return die(protocol::sqlstate::protocol_violation, allowed.error().message());
    if (tag == 'p') password_owed_ = false;
    if (tag == 'S' || tag == 'Q' || tag == 'F') {
        discarding_ = false;
        if (armed_ && conversation_.owed().copying() != 'G') awaiting_ready_ = true;
    }
}

// ---- server to client

std::size_t gate::from_server(bytes in, outbox& to_client, outbox& to_server) {
    to_server_ = &to_server;
    to_client_ = &to_client;
    in_ = in;
    run_ = 0;
    std::size_t at = static_cast<std::size_t>(std::min<std::uint64_t>(server_rest_, in.size()));
    server_rest_ -= at;
    while (!fatal_ && server_frame(in, at)) {
    }
    flush_client(at);
    return at;
}

void gate::flush_client(std::size_t at) {
    if (at > run_) to_client_->forward(in_.subspan(run_, at - run_));
    run_ = at;
}

namespace {

// Replies whose body nobody reads; they pass by their headers. Rows first: they are the many.
bool passes_unread(char tag) noexcept {
    switch (tag) {
    case 'D':
    case 'd':
    case 'T':
    case 't':
    case 'n':
    case '1':
    case '2':
    case '3':
    case 'c':
    case 'G':
    case 'H':
    case 'W':
    case 'V':
    case 'I':
    case 's':
    case 'A': return true;
    default: return false;
    }
}

// What a server may say before its first ReadyForQuery (manual, "Start-up").
bool opens_session(char tag) noexcept {
    switch (tag) {
    case 'R':
    case 'K':
    case 'S':
    case 'N':
    case 'E':
    case 'v':
    case 'Z': return true;
    default: return false;
    }
}

// Whether the Authentication message asks the client for an answer: all do but Ok (0) and SASLFinal (12).
bool asks_for_password(bytes body) noexcept { return body.size() >= 4 && body[3] != 0 && body[3] != 12; }

}  // namespace

// FATAL and PANIC end the connection; V is their name in every language (PostgreSQL 9.6 and later).
static bool says_fatal(bytes body) {
    const auto error = protocol::decode_error(body);
    return error && (error->get('V') == "FATAL" || error->get('V') == "PANIC");
}

bool gate::server_frame(bytes in, std::size_t& at) {
    const auto rest = in.subspan(at);
    if (rest.size() < protocol::header_size) return false;
    const auto head = protocol::read_header(rest);
    if (head.length < 4 || head.length > protocol::longest_backend) {
        die(protocol::sqlstate::connection_failure, "the server sent a message of invalid length");
        return false;
    }
    const auto size = std::uint64_t{head.length} + 1;
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(size, rest.size()));
    if (phase() == phase::authentication && !opens_session(head.tag)) {
        die(protocol::sqlstate::connection_failure, "the server does not speak PostgreSQL's protocol");
        return false;
    }
    const bool ours = conversation_.owed().owing_ours() && head.tag != 'A';
    if (head.tag == 'D' && !ours) {  // a row of the client's: nothing to enter anywhere
        at += here;
        server_rest_ = size - here;
        return server_rest_ == 0;
    }
    const bool whole = ours || !passes_unread(head.tag);
    if (whole && here < size) {
        if (size <= longest_read_reply) return false;
        die(protocol::sqlstate::connection_failure, "the server sent a message that is too long to be looked at");
        return false;
    }
    if (whole) flush_client(at);
    const auto what = on_server_message(head, rest.subspan(protocol::header_size, here - protocol::header_size));
    at += here;
    server_rest_ = size - here;
    if (what == verdict::swallow) run_ = at;
    if (task_ && in_step()) advance();
    return server_rest_ == 0;
}

gate::verdict gate::on_server_message(const protocol::header& h, bytes body) {
    const auto reply = conversation_.on_backend(h.tag, body.empty() ? std::uint8_t{0} : body[0]);
    using owner = protocol::ledger::reply::owner;
    if (reply.drops_ours && batch_ && batch_->on_dropped()) exchange_done_ = true;
    drop_noted(reply.dropped_notes);
    if (h.tag == 'S') on_parameter(body);
    if (h.tag == 'E' && says_fatal(body)) {  // the client's to read, whatever it interrupted
        conversation_.on_fatal();
        return verdict::pass;
    }
    if (h.tag == 'Z' && !body.empty() && body[0] == 'I') holds_lock_ = false;
    if (h.tag == 'R') password_owed_ = asks_for_password(body);
    if (h.tag == 'K') {
        if (const auto key = protocol::decode_backend_key(body)) known_.server_pid = key->pid;
        known_.server_key = protocol::as_text(body);
    }
    if (reply.whose == owner::ours) return on_reply_to_ours(reply, h.tag, body);
    if (reply.whose == owner::async && h.tag == 'N' && conversation_.owed().owing_ours()) {
        if (held_) held_->add(h.tag, body);
        return verdict::swallow;
    }
    if (reply.whose != owner::client) return verdict::pass;
    if (h.tag == 'E' && reply.answers != 'Q' && reply.answers != 'S' && reply.answers != 'F') segment_failed_ = true;
    if (reply.note != 0 && on_noted_reply(reply, h.tag, body) == verdict::swallow) return verdict::swallow;
    return h.tag == 'Z' ? on_ready(static_cast<char>(body.empty() ? 'I' : body[0])) : verdict::pass;
}

gate::verdict gate::on_reply_to_ours(const protocol::ledger::reply& r, char tag, bytes body) {
    if (batch_) {
        if (batch_->on_reply(r, tag, body)) exchange_done_ = true;
        return verdict::swallow;
    }
    if (held_) {
        if (held_->on_reply(r, tag, body)) exchange_done_ = true;
        return verdict::swallow;
    }
    // The Bind that was sent again in front of the client's Execute: an error of it is the Execute's.
    if (tag == 'E') segment_failed_ = true;
    return tag == 'E' ? verdict::pass : verdict::swallow;
}

gate::verdict gate::on_noted_reply(const protocol::ledger::reply& r, char tag, bytes body) {
    if (noted_.empty()) return verdict::pass;
    auto& front = noted_.front();
    auto result = verdict::pass;
    if (tag == 'C') front.tag = protocol::as_text(body.first(body.empty() ? 0 : body.size() - 1));
    if (tag == 'E') {
        const auto error = protocol::decode_error(body);
        front.sqlstate = error ? error->get('C') : "";
        front.error = error ? error->get('M') : "";
        if (front.kind == note::refused) {
            front.sqlstate = front.refusal.sqlstate;
            to_client_->add(protocol::encode_error(error_of(front.refusal)));
            result = verdict::swallow;
        }
    }
    const bool failed_extended = tag == 'E' && r.answers != 'Q';
    if (r.completes || failed_extended) {
        auto done = std::move(front);
        noted_.pop_front();
        finish(std::move(done), {});
    }
    return result;
}

// The message has its last reply; `outcome` names what happened where the server gave none.
void gate::finish(noted n, std::string_view outcome) {
    const bool ok = outcome.empty() && n.sqlstate.empty();
    if (n.kind == note::parse && ok) {
        if (n.script)
            prepared_.remember(n.name, n.script);
        else
            prepared_.forget(n.name);
    }
    if (n.kind == note::close && ok) prepared_.forget(n.name);
    if (n.kind == note::refused && n.record) audit_outcome(*n.record, outcome.empty() ? "refused" : outcome, n);
    if (n.kind != note::statement) return;
    if (ok && n.script) {
        if (n.script->ends_all_prepared()) prepared_.forget_all();
        for (const auto& name : n.script->ends_prepared()) prepared_.forget(name);
    }
    if (n.record) audit_outcome(*n.record, outcome.empty() ? (ok ? "done" : "failed") : outcome, n);
}

void gate::drop_noted(std::size_t count) {
    for (; count > 0 && !noted_.empty(); --count) {
        auto dropped = std::move(noted_.front());
        noted_.pop_front();
        finish(std::move(dropped), "skipped");
    }
}

void gate::on_parameter(bytes body) {
    const auto parameter = protocol::decode_parameter_status(body);
    if (!parameter) return;
    const auto [name, value] = *parameter;
    if (name == "server_version") std::from_chars(value.data(), value.data() + value.size(), known_.server_version);
    if (name == "TimeZone") known_.time_zone = value;
    if (name == "application_name") known_.application_name = value;
    if (name == "standard_conforming_strings") known_.lexing.standard_conforming_strings = value == "on";
}

// ReadyForQuery that the client is owed. While timeouts of ours stand it waits until they are restored.
gate::verdict gate::on_ready(char status) {
    // The transaction took its portals with it, but not those that the client has bound behind it already.
    if (status == 'I' && conversation_.owed().quiet()) prepared_.unbind_all();
    if (!awaiting_ready_) return verdict::pass;
    awaiting_ready_ = false;
    if (task_) return verdict::pass;
    if (!restore_due(status)) return verdict::pass;
    start(restore_then_ready(status));
    return verdict::swallow;
}

void gate::note_cancel(std::string_view key) noexcept {
    if (task_ && !known_.server_key.empty() && key == known_.server_key) canceled_ = true;
}

void gate::on_server_lost() {
    while (!noted_.empty()) {
        auto lost = std::move(noted_.front());
        noted_.pop_front();
        finish(std::move(lost), "server lost");
    }
}

// ---- the task in hand

void gate::start(task<void> t) {
    if (!in_step()) return;
    canceled_ = false;
    task_ = std::move(t);
    task_.start();
    advance();
}

// Replies that cannot be told apart leave nothing to judge by. What needs no judging still passes.
bool gate::in_step() {
    if (conversation_.owed().in_step()) return true;
    die(protocol::sqlstate::connection_failure, "the server's replies do not fit the messages that it was sent");
    return false;
}

// Resumes the task as long as what it waits for is there; forgets it when it has ended.
void gate::advance() {
    while (task_ && !task_.done() && waiting_) {
        const bool come = batch_ || held_ ? exchange_done_ : conversation_.owed().settled();
        if (!come) return;
        std::exchange(waiting_, nullptr).resume();
    }
    if (!task_ || !task_.done()) return;
    auto ended = std::exchange(task_, {});
    running_plan_ = false;
    try {
        ended.result();
    } catch (const std::exception& problem) {
        die(protocol::sqlstate::internal_error, std::string("lockkeeper could not go on with this session: ") + problem.what());
    }
}

}  // namespace proxy
