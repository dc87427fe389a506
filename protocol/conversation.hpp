#pragma once

#include <cstdint>

#include "protocol/errc.hpp"
#include "protocol/ledger.hpp"

namespace protocol {

// Where one client : server conversation stands.
enum class phase : std::uint8_t {
    startup,         // before a StartupMessage was passed on
    authentication,  // until the first ReadyForQuery: the client may only send 'p' and Terminate
    ready,           // nothing owed
    in_reply,        // the server owes replies
    copy_in,
    copy_out,
    copy_both,
    skipping,        // an error in the extended protocol: the server discards everything until Sync
    closed,          // Terminate was sent, or the server said FATAL
};

// The state of the conversation, from the message headers of both directions. Keeps no bytes.
class conversation {
public:
    protocol::phase phase() const noexcept {
        using enum protocol::phase;
        if (stage_ != ready) return stage_;
        if (owed_.copying() == 'G') return copy_in;
        if (owed_.copying() == 'H') return copy_out;
        if (owed_.copying() == 'W') return copy_both;
        if (owed_.skipping()) return skipping;
        return owed_.quiet() ? ready : in_reply;
    }
    char status() const noexcept { return status_; }
    const ledger& owed() const noexcept { return owed_; }
    void startup_sent() noexcept { stage_ = protocol::phase::authentication; }
    result<void> on_frontend(char tag, sender by = sender::client, std::uint16_t note = 0) {
        if (tag == 'X') stage_ = protocol::phase::closed;
        if (stage_ == protocol::phase::authentication && tag != 'p') return errc::not_allowed;
        owed_.sent(tag, by, note);
        return {};
    }
    ledger::reply on_backend(char tag, std::uint8_t first) {
        if (stage_ == protocol::phase::authentication) {
            if (tag == 'Z') { stage_ = protocol::phase::ready; status_ = static_cast<char>(first); }
            return {.whose = ledger::reply::owner::async};
        }
        if (tag == 'Z') status_ = static_cast<char>(first);
        return owed_.received(tag);
    }
private:
    protocol::phase stage_ = protocol::phase::startup;
    char status_ = 'I';
    ledger owed_;
};

}  // namespace protocol
