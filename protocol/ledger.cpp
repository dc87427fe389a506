#include "protocol/ledger.hpp"

namespace protocol {
namespace {

bool ends_in_ready(char tag) noexcept { return tag == 'S' || tag == 'Q' || tag == 'F'; }
bool ends_copy_data(char tag) noexcept { return tag == 'c' || tag == 'f'; }

enum class part { none, some, last };

// What `reply` is of the replies to a message of tag `asked`. ErrorResponse and ReadyForQuery have functions of their own.
part part_of(char reply, char asked) noexcept {
    const bool executes = asked == 'E' || asked == 'Q';
    switch (reply) {
    case '1': return asked == 'P' ? part::last : part::none;
    case '2': return asked == 'B' ? part::last : part::none;
    case '3': return asked == 'C' ? part::last : part::none;
    case 't': return asked == 'D' ? part::some : part::none;
    case 'n': return asked == 'D' ? part::last : part::none;
    case 'T': return asked == 'D' ? part::last : asked == 'Q' ? part::some : part::none;
    case 's': return asked == 'E' ? part::last : part::none;
    case 'C':
    case 'I': return asked == 'E' ? part::last : asked == 'Q' ? part::some : part::none;
    case 'D':
    case 'd':
    case 'c':
    case 'G':
    case 'H':
    case 'W': return executes ? part::some : part::none;
    case 'V': return asked == 'F' ? part::some : part::none;
    default: return part::none;
    }
}

}  // namespace

void ledger::sent(char tag, sender by, std::uint16_t note) {
    switch (tag) {
    case 'S': skip_ = skip::nothing; [[fallthrough]];
    case 'Q':
    case 'F':
        if (skip_ != skip::nothing) return;
        unsynced_ = {};
        return push({tag, by, note});
    case 'c':
    case 'f':
        if (!owed_.empty()) push({tag, by, 0});
        return;
    case 'B': ++unsynced_.binds; break;
    case 'E': ++unsynced_.executes; break;
    case 'P':
    case 'D':
    case 'C': break;
    default: return;  // Flush, CopyData, Terminate and what PostgreSQL does not know: nothing is owed
    }
    ++unsynced_.messages;
    if (skip_ == skip::nothing) push({tag, by, note});
}

bool ledger::takes(char tag) const noexcept {
    switch (tag) {
    case 'd':
    case 'c':
    case 'f':
    case 'H':
    case 'S':
    case 'X': return true;
    default: break;
    }
    if (skip_ == skip::perhaps) return false;
    if (copying_ != 'G') return true;
    const auto length = copy_length(false);
    // What else stands behind the COPY would have ended the session, too: either this COPY has failed before the server read
    // that, or nothing matters any more.
    if (length + 1 < owed_.size()) return true;
    return length > 0 && ends_copy_data(owed_[length].tag);
}

ledger::reply ledger::received(char tag) {
    switch (tag) {
    case 'N':
    case 'A':
    case 'S': return {.whose = reply::owner::async};
    case 'E': return on_error();
    case 'Z': return on_ready();
    default: break;
    }
    const auto part = owed_.empty() ? part::none : part_of(tag, owed_.front().tag);
    if (part == part::none) return out_of_step();
    auto r = about_front();
    r.completes = part == part::last;
    front_answered_ = true;
    loose_readies_ = 0;  // replies come in order: those that were to come have come
    if (tag == 'C' && copying_ == 'G') take_copied(false);
    if (tag == 'C') copying_ = 0;
    if (tag == 'G' || tag == 'H' || tag == 'W') copying_ = tag;
    if (r.completes) pop();
    return r;
}

// An error is the last reply to a message of the extended protocol, and takes the pipeline behind it along. A Query, a
// FunctionCall and a Sync have their ReadyForQuery still to come.
ledger::reply ledger::on_error() {
    if (owed_.empty()) return {.whose = reply::owner::async};
    auto r = about_front();
    front_answered_ = true;
    loose_readies_ = copying_ == 'G' ? take_copied(true) : 0;
    copying_ = 0;
    if (ends_in_ready(r.answers)) return r;
    r.completes = true;
    pop();
    drop_to_sync(r);
    return r;
}

// A Query and a FunctionCall have another reply before theirs, so one that comes first is a loose one.
ledger::reply ledger::on_ready() {
    const char front = owed_.empty() ? '\0' : owed_.front().tag;
    if (front == 'S' || (ends_in_ready(front) && (front_answered_ || loose_readies_ == 0))) {
        auto r = about_front();
        r.completes = true;
        pop();
        return r;
    }
    if (loose_readies_ == 0) return out_of_step();
    --loose_readies_;
    if (skip_ == skip::perhaps) {  // so that Sync had not been read, and has ended the skipping
        skip_ = skip::nothing;
        unsynced_ = {};
    }
    return {.whose = reply::owner::client, .answers = 'S', .completes = true};
}

ledger::reply ledger::out_of_step() {
    in_step_ = false;
    return {.whose = reply::owner::unexpected};
}

ledger::reply ledger::about_front() const {
    const auto& front = owed_.front();
    return {.whose = front.by == sender::ours ? reply::owner::ours : reply::owner::client,
            .note = front.note,
            .answers = front.tag};
}

void ledger::push(entry e) {
    if (ends_in_ready(e.tag)) ++readies_;
    owed_.push_back(e);
}

void ledger::pop() {
    if (ends_in_ready(owed_.front().tag)) --readies_;
    owed_.pop_front();
    front_answered_ = false;
    copying_ = 0;
    while (!owed_.empty() && ends_copy_data(owed_.front().tag)) owed_.pop_front();  // too late for any COPY
}

// How many entries behind the front one belong to its COPY from the client: Syncs, then the end of the data, which may not
// have been sent yet. But behind a COPY that has failed, Syncs in front of a message of another kind do not count: had
// the server read one of them, it would have read that message as well, and that is FATAL.
std::size_t ledger::copy_length(bool failed) const {
    for (std::size_t i = 1; i < owed_.size(); ++i) {
        if (ends_copy_data(owed_[i].tag)) return i;
        if (owed_[i].tag != 'S') return failed ? 0 : i - 1;
    }
    return owed_.size() - 1;
}

// The COPY of the front message has ended: what belongs to it goes. Returns the number of Syncs among that.
std::size_t ledger::take_copied(bool failed) {
    const auto length = copy_length(failed);
    std::size_t syncs = 0;
    for (std::size_t i = 1; i <= length; ++i)
        if (owed_[i].tag == 'S') ++syncs;
    owed_[length] = owed_.front();
    for (std::size_t i = 0; i < length; ++i) owed_.pop_front();
    readies_ -= syncs;
    if (syncs > 0 && readies_ == 0) {  // the Execute is still without a Sync
        ++unsynced_.messages;
        ++unsynced_.executes;
    }
    return syncs;
}

void ledger::drop_to_sync(reply& r) {
    while (!owed_.empty() && owed_.front().tag != 'S') {
        const auto& front = owed_.front();
        if (front.by == sender::ours) r.drops_ours = true;
        if (front.by == sender::client && front.note != 0) ++r.dropped_notes;
        pop();
    }
    if (owed_.empty()) skip_ = loose_readies_ > 0 ? skip::perhaps : skip::to_sync;
}

}  // namespace protocol
