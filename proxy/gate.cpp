#include "proxy/gate.hpp"

#include <algorithm>

#include "protocol/frontend.hpp"
#include "protocol/limits.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/judged_message.hpp"
#include "proxy/refusal.hpp"

// The walk over the client's stream, and the task in hand. The way back is replies.cpp; what a judged message goes through
// stands in judging.cpp.

namespace proxy {

using protocol::bytes;
using protocol::phase;

namespace {

bool may_split(const config::settings& s) {
    const auto splits = [](const config::scoped_settings& one) {
        return one.transactions == config::transactions::split ||
               std::any_of(one.rule_transactions.begin(), one.rule_transactions.end(),
                           [](const auto& of_rule) { return of_rule.second == config::transactions::split; });
    };
    return splits(s) || std::any_of(s.scopes.begin(), s.scopes.end(), [&](const config::scope& one) { return splits(one.differs); });
}

counters& nobodys() {
    static counters unread;
    return unread;
}

}  // namespace

gate::gate(std::shared_ptr<const config::settings> settings, identity who, audit_sink audit)
    : settings_(std::move(settings)), who_(std::move(who)), counts_(who_.counts != nullptr ? *who_.counts : nobodys()),
      audit_(std::move(audit)), splits_(may_split(*settings_)) {}

gate::~gate() {
    try {
        end_hold("session ended");
    } catch (const std::exception&) {  // out of memory: nobody is there to be told
    }
}

void gate::renew(std::shared_ptr<const config::settings> settings) {
    renewed_ = std::move(settings);
    adopt_renewed();
}

// A transaction ends by the settings that it began with.
void gate::adopt_renewed() {
    if (!renewed_ || task_ || status() != 'I' || !conversation_.owed().quiet() || !deferred_.empty() || !committed_.empty()) return;
    settings_ = std::exchange(renewed_, nullptr);
    splits_ = may_split(*settings_);
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
        flush_server(at);  // what the client has sent in front of it goes in front of our question
        start(leave_copy(head.tag));
        return false;
    }
    const auto size = std::uint64_t{head.length} + 1;
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(size, rest.size()));
    bool forward = true;
    if (discarding_ && head.tag != 'S' && head.tag != 'X') {
        flush_server(at);
        forward = false;  // in pieces too: client_rest_ is dropped with it (drop_rest_)
    } else if (whole_needed(head.tag) && !skipping()) {
        message_at_ = at;
        const auto way = route(head.tag, rest.first(here), size);
        if (way == route_to::wait) return false;
        forward = way == route_to::server;
    } else {
        pass(head.tag);
    }
    if (fatal_) return false;
    if (forward) on_its_way_.join(holding_);
    holding_.give_back();
    if (forward && (head.tag == 'Q' || head.tag == 'E')) counts_.passed.add();
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
    if (phase() == phase::authentication) return (tag == 'p' && !greeting_.logs_in()) || tag == 'X';
    if (awaiting_ready_) return tag == 'd' || tag == 'c' || tag == 'f' || tag == 'H' || tag == 'S';
    return true;
}

// A message of the client's goes to the server now.
void gate::pass(char tag, note n) {
    const auto allowed = conversation_.on_frontend(tag, protocol::sender::client, static_cast<std::uint16_t>(n));
    if (!allowed) return die(protocol::sqlstate::protocol_violation, allowed.error().message());
    if (tag == 'p') password_owed_ = false;
    just_begun_ = just_begun_ && (tag == 'P' || tag == 'C' || tag == 'D' || tag == 'S' || tag == 'H');
    if (tag == 'S' || tag == 'Q' || tag == 'F') {
        discarding_ = false;
        const bool to_clear_up = armed_ || turn_ != whose_turn::others || !deferred_.empty() || !committed_.empty();
        if (to_clear_up && conversation_.owed().copying() != 'G') awaiting_ready_ = true;
    }
}

void gate::note_cancel(std::string_view key, cancel_stage stage) noexcept {
    if (known_.server_key.empty() || key != known_.server_key) return;
    if (stage == cancel_stage::come) to_be_canceled_ = task_ ? tasks_ : 0;
    else if (task_ && to_be_canceled_ == tasks_) canceled_ = true;
}

void gate::start(task<void> t) {
    if (!in_step()) return;
    canceled_ = false;
    ++tasks_;
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
        const bool come = nap_ ? nap_->over(now_, canceled_) : batch_ || held_ ? exchange_done_ : settled_or_in_copy();
        if (!come) return;
        std::exchange(waiting_, nullptr).resume();
    }
    if (!task_ || !task_.done()) return;
    auto ended = std::exchange(task_, {});
    running_plan_ = false;
    progress_.reset();
    judged_.reset();
    in_the_way_.clear();
    attempts_ = 0;
    try {
        ended.result();
    } catch (const std::exception& problem) {
        die(protocol::sqlstate::internal_error, std::string("lockkeeper could not go on with this session: ") + problem.what());
    }
}

}  // namespace proxy
