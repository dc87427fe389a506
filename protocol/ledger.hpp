#pragma once

#include <cstddef>
#include <cstdint>

#include "protocol/ring.hpp"

namespace protocol {

// Whose message it was that the server now answers.
enum class sender : std::uint8_t { client, ours };

// The ledger of replies owed: what was sent to the server and is not answered yet, in order. It tells whose reply a
// server message is, when the line is quiet, and what an error makes the server skip. It sees tags only, no bodies.
//
// What the server owes for a message (manual of PostgreSQL 15, 55.2.2 to 55.2.7; each line is a script of
// tests/protocol/scripts.hpp, and tests/protocol/live runs the same scripts against a real server):
//
//   Parse 1, Bind 2, Close 3, Describe [t] then T or n, Execute rows or a COPY, then C, I or s
//   Query anything, then Z.  FunctionCall V or E, then Z.  Sync Z, or E and Z when the commit fails.  Flush nothing.
//
// - N, A and S (notice, notification, parameter) may come between any two messages and answer nothing.
// - After an error in the extended protocol the server discards everything up to the next Sync: also a Query or a
//   FunctionCall, which then get no ReadyForQuery.
// - While it reads the data of a COPY it discards Flush and Sync; a Sync sent then is never answered. Anything but these
//   and CopyData, CopyDone and CopyFail ends the session.
// - CopyData, CopyDone and CopyFail outside of a COPY (one that has failed, say) are discarded in silence.
//
// One thing the tags do not tell: how far the server had read when a COPY from the client failed. Every Sync that was
// sent behind the Execute and in front of the end of the data was read as a part of the COPY, or is still to be answered.
// Such a Sync is taken out of the ledger, and a ReadyForQuery that comes for one is the client's (scripts
// copy_in_fails_before_its_sync_is_read and copy_in_fails_after_its_sync_was_read).
class ledger {
public:
    // A message of `tag` goes to the server now. `note` comes back with every reply to it; 0 says nothing.
    void sent(char tag, sender by = sender::client, std::uint16_t note = 0);

    struct reply {
        enum class owner : std::uint8_t {
            client,      // answers a message of the client's
            ours,        // answers a message of ours
            async,       // answers nothing: N, A, S, or an error of an idle server, which is FATAL
            unexpected,  // nothing owed explains it: the ledger is out of step from here on (in_step())
        } whose = owner::unexpected;
        std::uint16_t note = 0;
        char answers = 0;                 // tag of the message that it answers
        bool completes = false;           // the last reply to that message
        bool drops_ours = false;          // an error: messages of ours were discarded with the rest of the pipeline
        std::uint32_t dropped_notes = 0;  // ... and so many of the client's that carried a note
    };
    // Whose reply is this server message, and what does it settle? NoticeResponse is async like the others: the caller that
    // swallows its own batch decides about it by owing_ours().
    reply received(char tag);

    // Nothing is owed, and nothing was sent that a Sync has still to follow.
    bool quiet() const noexcept { return owed_.empty() && unsynced_.messages == 0 && skip_ == skip::nothing; }
    // Everything is answered up to the last Sync, Query or FunctionCall.
    bool settled() const noexcept { return readies_ == 0; }
    // The oldest unanswered message is ours.
    bool owing_ours() const noexcept { return !owed_.empty() && owed_.front().by == sender::ours; }
    // False for ever after a reply that nothing explains.
    bool in_step() const noexcept { return in_step_; }
    // The server discards what is sent, until a Sync is.
    bool skipping() const noexcept { return skip_ == skip::to_sync; }
    // Perhaps it does: a COPY has failed, and whether the Sync in the midst of it was read nobody knows yet.
    bool perhaps_skipping() const noexcept { return skip_ == skip::perhaps; }
    // Whether a message may be sent: while the data of a COPY are awaited, and while perhaps_skipping(), nothing but
    // CopyData, CopyDone, CopyFail, Flush, Sync and Terminate makes sense to the server.
    bool takes(char tag) const noexcept;
    // Entries held: the messages unanswered, and the ends of COPY data behind them.
    std::size_t size() const noexcept { return owed_.size(); }

    // A client that pipelines without end is to be held back while full(); this is what bounds the ledger's memory (4 bytes
    // an entry). It cannot hold up a pipeline for ever: without a Sync or Flush the server keeps back no more replies than
    // fit its send buffer of 8 KiB, and the shortest has 5 bytes.
    static constexpr std::size_t most = 65'536;
    bool full() const noexcept { return owed_.size() >= most; }

    // What was sent since the last Sync, Query or FunctionCall that the server has answered or will answer, Flush not
    // counted. Behind a COPY that has swallowed a Sync: no less than the Execute of the COPY.
    struct segment {
        std::uint64_t messages = 0;
        std::uint64_t binds = 0;
        std::uint64_t executes = 0;
    };
    const segment& unsynced() const noexcept { return unsynced_; }

    // The COPY that the oldest unanswered message is in: 0, 'G' (in), 'H' (out) or 'W' (both).
    char copying() const noexcept { return copying_; }

private:
    struct entry {
        char tag;
        sender by;
        std::uint16_t note;
    };
    enum class skip : std::uint8_t { nothing, to_sync, perhaps };

    void push(entry e);
    void pop();
    reply about_front() const;
    reply on_error();
    reply on_ready();
    reply out_of_step();
    std::size_t copy_length(bool failed) const;
    std::size_t take_copied(bool failed);
    void drop_to_sync(reply& r);

    ring<entry> owed_;         // CopyDone and CopyFail too: no reply answers them, they mark where the data of a COPY end
    std::size_t readies_ = 0;  // Sync, Query and FunctionCall in owed_
    segment unsynced_;
    std::size_t loose_readies_ = 0;  // ReadyForQuery that may or may not come: for a Sync in the midst of a failed COPY
    char copying_ = 0;
    bool front_answered_ = false;  // a reply to the oldest message has come, but not the last
    skip skip_ = skip::nothing;
    bool in_step_ = true;
};

}  // namespace protocol
