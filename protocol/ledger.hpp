#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/ring.hpp"

namespace protocol {

// Whose message it was that the server now answers.
enum class sender : std::uint8_t { client, ours };

// The ledger of replies owed: what was sent to the server and is not answered yet, in order. It tells whose
// reply a server message is, when the line is quiet, and what an error makes the server skip.
//
// Replies per message (PostgreSQL manual, 55.2.2 and 55.2.3; protocol-traps T26):
//   Parse 1   Bind 2   Close 3   Describe [t] then T or n   Execute rows/copy, then C, I or s
//   Query anything, then Z   FunctionCall V or E, then Z   Sync Z   Flush nothing
// After an error in an extended-protocol message the server discards everything up to the next Sync, a Query and
// a FunctionCall included (T27). Sync and Flush are ignored while it reads COPY data (T28); CopyData, CopyDone and
// CopyFail that come after a failed COPY are dropped in silence (T29).
class ledger {
public:
    // A message of `tag` goes to the server now. `note` comes back with every reply to it; 0 says nothing.
    void sent(char tag, sender by = sender::client, std::uint16_t note = 0);

    // Whose reply is this server message, and what does it settle?
    struct reply {
        enum class owner : std::uint8_t {
            client,       // answers a message of the client's
            ours,         // answers a message of ours
            async,        // NoticeResponse, NotificationResponse, ParameterStatus, or a FATAL that answers nothing
            unexpected,   // nothing owed explains it: the ledger is out of step from here on (in_step())
        } whose = owner::unexpected;
        std::uint16_t note = 0;
        char answers = 0;        // tag of the message that it answers
        bool completes = false;  // the last reply to that message
        bool drops_ours = false; // an error: messages of ours were dropped with the rest of the pipeline
        std::uint16_t dropped_notes = 0;  // ... and so many of the client's that carried a note
    };
    // NoticeResponse is async like the others: the caller that swallows its own batch decides about it by `owing_ours()`.
    reply received(char tag);

    bool quiet() const noexcept { return owed_.empty() && unsynced_.messages == 0; }           // nothing owed, nothing un-synced
    bool settled() const noexcept { return owed_.size() <= unsynced_entries_; }         // nothing owed before the un-synced messages at the end
    bool owing_ours() const noexcept { return !owed_.empty() && owed_.front().by == sender::ours; }      // the oldest unanswered message is ours
    bool in_step() const noexcept { return in_step_; }
    bool skipping() const noexcept { return skipping_; }        // an error was seen and no Sync was sent since
    std::size_t size() const noexcept { return owed_.size(); }     // messages unanswered

    // The un-synced segment: what was sent since the last Sync, Query or FunctionCall.
    struct segment {
        std::uint32_t messages = 0;  // Flush not counted
        std::uint32_t binds = 0;
        std::uint32_t executes = 0;
    };
    const segment& unsynced() const noexcept { return unsynced_; }

    // The COPY that the front message is in: 0, 'G' (in), 'H' (out) or 'W' (both).
    char copying() const noexcept { return copying_; }

private:
    struct entry {
        char tag;
        sender by;
        std::uint16_t note;
    };
    void pop();
    void drop_to_sync(reply& r);
    void drop_copied(reply& r, bool failed);
    reply settle(char tag, bool completes);

    ring<entry> owed_;  // CopyData runs ('d'), CopyDone and CopyFail stand in it as marks that no reply answers
    segment unsynced_;
    std::size_t unsynced_entries_ = 0;  // entries of owed_ behind the last Sync, Query or FunctionCall sent
    char copying_ = 0;
    std::uint32_t copies_ = 0;  // COPY IN begun by the front message
    bool skipping_ = false;
    bool in_step_ = true;
};

}  // namespace protocol
