#include "protocol/ledger.hpp"

#include <algorithm>

namespace protocol {

void ledger::sent(char tag, sender by, std::uint16_t note) {
    switch (tag) {
    case 'Q':
    case 'F':
        if (skipping_) return;
        owed_.push_back({tag, by, note});
        unsynced_ = {};
        unsynced_entries_ = 0;
        return;
    case 'S':
        skipping_ = false;
        owed_.push_back({tag, by, note});
        unsynced_ = {};
        unsynced_entries_ = 0;
        return;
    case 'd':
        if (owed_.empty() || owed_.back().tag == 'd') return;
        [[fallthrough]];
    case 'c':
    case 'f':
        if (owed_.empty()) return;
        owed_.push_back({tag, by, 0});
        if (unsynced_.messages > 0) ++unsynced_entries_;
        return;
    case 'B': ++unsynced_.binds; break;
    case 'E': ++unsynced_.executes; break;
    case 'P':
    case 'D':
    case 'C': break;
    default: return;  // Flush, Terminate, password: no reply is owed
    }
    ++unsynced_.messages;
    if (skipping_) return;
    owed_.push_back({tag, by, note});
    ++unsynced_entries_;
}

void ledger::pop() {
    if (owed_.empty()) return;
    if (unsynced_entries_ == owed_.size()) --unsynced_entries_;
    owed_.pop_front();
}

// The front message is answered: the marks of its COPY go with it, and the Syncs that the server read as part of the COPY.
void ledger::drop_copied(reply&, bool failed) {
    const auto is_end = [](const entry& e) { return e.tag == 'c' || e.tag == 'f'; };
    if (copies_ > 0) {
        auto last = owed_.begin();
        std::uint32_t ends = 0;
        for (auto e = owed_.begin(); e != owed_.end() && ends < copies_; ++e)
            if (is_end(*e)) {
                ++ends;
                last = e + 1;
            }
        if (ends == 0 && failed)
            for (auto e = owed_.begin(); e != owed_.end(); ++e)
                if (e->tag == 'd') last = e + 1;
        for (auto gone = last - owed_.begin(); gone > 0; --gone) pop();
    }
    while (!owed_.empty() && (is_end(owed_.front()) || owed_.front().tag == 'd')) pop();
    copies_ = 0;
    copying_ = 0;
}

void ledger::drop_to_sync(reply& r) {
    while (!owed_.empty() && owed_.front().tag != 'S') {
        if (owed_.front().by == sender::ours) r.drops_ours = true;
        if (owed_.front().by == sender::client && owed_.front().note != 0) ++r.dropped_notes;
        pop();
    }
    if (owed_.empty()) skipping_ = true;
}

ledger::reply ledger::settle(char tag, bool completes) {
    if (owed_.empty()) {
        if (tag != 'E') in_step_ = false;
        return {.whose = tag == 'E' ? reply::owner::async : reply::owner::unexpected};
    }
    const auto front = owed_.front();
    reply r{.whose = front.by == sender::ours ? reply::owner::ours : reply::owner::client,
            .note = front.note,
            .answers = front.tag,
            .completes = completes};
    if (!completes) return r;
    pop();
    drop_copied(r, tag == 'E');
    if (tag == 'E') drop_to_sync(r);
    return r;
}

ledger::reply ledger::received(char tag) {
    while (!owed_.empty() && (owed_.front().tag == 'd' || owed_.front().tag == 'c' || owed_.front().tag == 'f')) pop();
    const char front = owed_.empty() ? '\0' : owed_.front().tag;
    const bool extended = front != 'Q' && front != 'F' && front != 'S';
    switch (tag) {
    case 'N':
    case 'A':
    case 'S': return {.whose = reply::owner::async};
    case 'G':
        ++copies_;
        [[fallthrough]];
    case 'H':
    case 'W': copying_ = tag; return settle(tag, false);
    case 'E': return settle(tag, front != 0 && extended);
    case 'Z': return settle(tag, true);
    case 'C':
        copying_ = 0;
        [[fallthrough]];
    case 'I':
    case 's': return settle(tag, front == 'E');
    case 'T':
    case 'n': return settle(tag, front == 'D');
    case '1':
    case '2':
    case '3': return settle(tag, true);
    default: return settle(tag, false);
    }
}

}  // namespace protocol
