#pragma once

#include <cstdint>

#include "protocol/errc.hpp"
#include "protocol/ledger.hpp"

namespace protocol {

// Where one client : server conversation stands.
enum class phase : std::uint8_t {
    startup,         // before a StartupMessage was passed on
    authentication,  // until the first ReadyForQuery: the client may send 'p' and Terminate only (manual 55.2.1)
    ready,           // nothing owed
    in_reply,        // the server owes replies, or a Sync is still to be sent
    copy_in,
    copy_out,
    copy_both,
    skipping,        // an error in the extended protocol: the server discards everything until Sync
    closed,          // Terminate was sent, or the server said FATAL
};

// The state of the conversation, from the message headers of both directions. Keeps no bytes. A plain value: a copy of it
// goes on from where it was copied.
class conversation {
public:
    protocol::phase phase() const noexcept {
        using enum protocol::phase;
        if (stage_ != ready) return stage_;
        if (owed_.copying() == 'G') return copy_in;
        if (owed_.copying() == 'H') return copy_out;
        if (owed_.copying() == 'W') return copy_both;
        if (owed_.skipping() || owed_.perhaps_skipping()) return skipping;
        return owed_.quiet() ? ready : in_reply;
    }
    // Of the last ReadyForQuery: I idle, T in a transaction block, E in a failed one.
    char status() const noexcept { return status_; }
    const ledger& owed() const noexcept { return owed_; }

    void startup_sent() noexcept { stage_ = protocol::phase::authentication; }

    // Whether the server would take this message of the client's. Where it is not, the server would end the session.
    bool allows(char tag) const noexcept {
        switch (stage_) {
        case protocol::phase::startup: return false;
        case protocol::phase::authentication: return tag == 'p' || tag == 'X';
        case protocol::phase::closed: return true;  // nobody reads it
        default: return owed_.takes(tag);
        }
    }

    // A message goes to the server; an error says that it must not.
    result<void> on_frontend(char tag, sender by = sender::client, std::uint16_t note = 0) {
        if (!allows(tag)) return errc::not_allowed;
        if (tag == 'X') stage_ = protocol::phase::closed;
        if (stage_ == protocol::phase::ready) owed_.sent(tag, by, note);
        return {};
    }

    // A message comes from the server; `first` is the first octet of its body. Replies to what was sent before Terminate
    // still come.
    ledger::reply on_backend(char tag, std::uint8_t first) {
        if (tag == 'Z') status_ = static_cast<char>(first);
        if (!started_) {
            if (tag == 'Z' && stage_ == protocol::phase::authentication) stage_ = protocol::phase::ready;
            started_ = tag == 'Z';
            return {.whose = ledger::reply::owner::async};
        }
        return owed_.received(tag);
    }

    // The error that came last was FATAL or PANIC: the server closes the connection. Only its body tells (field V).
    void on_fatal() noexcept { stage_ = protocol::phase::closed; }

private:
    protocol::phase stage_ = protocol::phase::startup;
    bool started_ = false;  // the first ReadyForQuery has come
    char status_ = 'I';
    ledger owed_;
};

}  // namespace protocol
