#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "policy/judge.hpp"
#include "protocol/bytes.hpp"

namespace proxy {

// What each statement of a text leaves behind in its transaction, in the order of their CommandCompletes.
using statement_deeds = std::deque<std::vector<policy::deed>>;

inline statement_deeds deeds_of(const policy::decision& d) {
    statement_deeds out;
    for (const auto& s : d.statements) out.push_back(s.deeds);
    return out;
}

// A Query or an Execute that is being judged: the gate is closed for the client while it is.
struct judged_message {
    std::shared_ptr<const policy::script> text;
    protocol::buffer message;  // the client's own bytes, forwarded if nothing speaks against it
    protocol::buffer bind;     // of an Execute: the Bind of its portal
    bool query = false;        // Query, not Execute

    // Found out on the way.
    bool by_name = false;       // an EXECUTE of what is to be judged: text is of that, and not what the message says
    bool among_others = false;  // ... but for an EXECUTE that does not stand alone
    bool rebind = false;       // a Sync of ours has ended the portal: bind it anew first
    bool unsynced = false;     // in a pipeline that has executed something since its last Sync: no Sync of ours may cut it
    std::chrono::steady_clock::time_point began{};  // when the judging began
    std::chrono::milliseconds lock_timeout{0}, statement_timeout{0};  // as the client has them
    statement_deeds deeds;
    // Of a plan: SET CONSTRAINTS that stand before the statement and behind it, and the CommandComplete tags of them all.
    std::vector<std::string> ahead, behind, tags;
    std::chrono::steady_clock::duration waited{0};  // for its turn (locks.serialize)
    bool failed_before = false;  // a batch of ours in front of it did
};

}  // namespace proxy
