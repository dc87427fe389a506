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
    protocol::phase phase() const noexcept;
    char status() const noexcept;  // ReadyForQuery's: 'I' idle, 'T' in a transaction block, 'E' in a failed one; 'I' before the first
    const ledger& owed() const noexcept;

    void startup_sent() noexcept;

    // A message goes to the server now. An error where the protocol does not allow it in this phase (then it must not be sent).
    result<void> on_frontend(char tag, sender by = sender::client, std::uint16_t note = 0);

    // A message came from the server. `first` is the first octet of its body (the status of a ReadyForQuery), 0 where it has none.
    ledger::reply on_backend(char tag, std::uint8_t first);
};

}  // namespace protocol
