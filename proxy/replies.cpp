#include <charconv>

#include "protocol/limits.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/refusal.hpp"

// The way back: the walk over the server's stream, whose replies are whose, and what comes of a message when it has its
// last reply.

namespace proxy {

using protocol::bytes;
using protocol::phase;

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

// UPDATE 3, DELETE 1, MERGE 2; not UPDATE 0.
bool changes_rows(std::string_view tag) noexcept {
    const bool writes = tag.starts_with("UPDATE ") || tag.starts_with("DELETE ") || tag.starts_with("MERGE ");
    return writes && tag.substr(tag.find(' ') + 1, 1) != "0";
}

// The command tag with its final zero.
bool begins_transaction(std::string_view tag) noexcept { return tag.starts_with("BEGIN") || tag.starts_with("START TRANSACTION"); }

bool ends_transaction(bytes body) {
    const auto tag = protocol::as_text(body.first(body.empty() ? 0 : body.size() - 1));
    return tag == "COMMIT" || tag == "ROLLBACK" || tag == "PREPARE TRANSACTION";
}

// FATAL and PANIC end the connection; V is their name in every language (PostgreSQL 9.6 and later).
bool says_fatal(bytes body) {
    const auto error = protocol::decode_error(body);
    return error && (error->get('V') == "FATAL" || error->get('V') == "PANIC");
}

}  // namespace

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
    const bool greeted = phase() == phase::authentication && on_greeting(h.tag, body) == verdict::swallow;
    const auto reply = conversation_.on_backend(h.tag, body.empty() ? std::uint8_t{0} : body[0]);
    using owner = protocol::ledger::reply::owner;
    const bool after_theirs = reply.drops_ours && reply.whose != owner::ours;  // an error of ours ends the batch itself
    if (after_theirs && batch_ && batch_->on_dropped()) exchange_done_ = true;
    drop_noted(reply.dropped_notes);
    if (h.tag == 'S') on_parameter(body);
    if (h.tag == 'E' && says_fatal(body)) {  // the client's to read, whatever it interrupted
        conversation_.on_fatal();
        return greeted ? verdict::swallow : verdict::pass;
    }
    if (h.tag == 'Z' && !body.empty() && body[0] == 'I') {  // no transaction is open
        drop_deferred(false);
        end_hold({});
        rows_changed_ = false;
        so_far_.clear();
    }
    if (h.tag == 'E' && hold_) hold_->ended_by = "ROLLBACK";
    if (h.tag == 'C' && hold_ && ends_transaction(body)) hold_->ended_by = protocol::as_text(body.first(body.size() - 1));
    if (h.tag == 'R') password_owed_ = asks_for_password(body) && !greeting_.logs_in();
    if (greeted) return verdict::swallow;
    if (h.tag == 'K') {
        if (const auto key = protocol::decode_backend_key(body)) known_.server_pid = key->pid;
        known_.server_key = protocol::as_text(body);
    }
    if (reply.whose == owner::ours) return on_reply_to_ours(reply, h.tag, body);
    if (reply.whose == owner::async && h.tag == 'N' && conversation_.owed().owing_ours()) {
        if (held_) held_->on_notice(body);
        return verdict::swallow;
    }
    if (reply.whose != owner::client) return verdict::pass;
    if (h.tag == 'E' && reply.answers != 'Q' && reply.answers != 'S' && reply.answers != 'F') segment_failed_ = true;
    auto fate = verdict::pass;
    if (h.tag == 'C' && !deferred_.empty()) fate = on_commit_of_deferred(reply, body);
    else if (h.tag != 'Z') flush_commit_reply();
    if (h.tag == 'C') {
        ++commands_;
        last_began_ = begins_transaction(protocol::as_text(body));
    }
    if (h.tag == 'C' && reply.note == 0) rows_changed_ = rows_changed_ || changes_rows(protocol::as_text(body));
    if (h.tag == 'E' && copy_was_alive(body)) {
        die(protocol::sqlstate::protocol_violation, out_of_place_);
        return verdict::swallow;
    }
    if (reply.note != 0 && on_noted_reply(reply, h.tag, body) == verdict::swallow) return verdict::swallow;
    if (h.tag == 'E' && canceled_for_holding(body)) {
        to_client_->add(protocol::encode_error(error_of(held_too_long())));
        note_held_too_long();
        return verdict::swallow;
    }
    return h.tag == 'Z' ? on_ready(static_cast<char>(body.empty() ? 'I' : body[0])) : fate;
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
    if ((tag == 'C' || tag == 'E') && !front.notices.empty()) to_client_->add(std::exchange(front.notices, {}));
    if (tag == 'C' && !front.deeds.empty()) {
        so_far_.after(front.deeds.front());
        front.deeds.pop_front();
    }
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
    if (n.kind == note::refused && n.record) {
        const bool canceled = n.refusal.sqlstate == protocol::sqlstate::query_canceled;
        audit_outcome(*n.record, !outcome.empty() ? outcome : canceled ? "canceled" : "refused", n);
    }
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
    if (name == "client_encoding") known_.lexing.characters = policy::wide_characters_of(value);
    if (name == "standard_conforming_strings") known_.lexing.standard_conforming_strings = value == "on";
}

// ReadyForQuery that the client is owed. While timeouts of ours stand it waits until they are restored.
gate::verdict gate::on_ready(char status) {
    segment_failed_ = false;
    const auto commands = std::exchange(commands_, 0);
    just_begun_ = status == 'T' && commands == 1 && last_began_;
    // The transaction took its portals with it, but not those that the client has bound behind it already.
    if (status == 'I' && conversation_.owed().quiet()) prepared_.unbind_all();
    adopt_renewed();
    if (!awaiting_ready_) return verdict::pass;
    awaiting_ready_ = false;
    if (task_) return verdict::pass;
    if (status == 'I' && !committed_.empty()) {
        start(finish_deferred());
        return verdict::swallow;
    }
    flush_commit_reply();
    if (!restore_due(status) && !turn_due(status)) return verdict::pass;
    start(clear_up_then_ready());
    return verdict::swallow;
}

void gate::on_server_lost() {
    end_hold("session ended");
    for (const auto& work : committed_) audit_outcome(*work.record, "server lost", {.kind = note::statement, .sent = now_});
    committed_.clear();
    drop_deferred(false);
    while (!noted_.empty()) {
        auto lost = std::move(noted_.front());
        noted_.pop_front();
        finish(std::move(lost), "server lost");
    }
    if (const auto left = in_hand_) audit_outcome(*left, "server lost", {.kind = note::statement, .sent = running_plan_ ? plan_began_ : now_});
}

}  // namespace proxy
