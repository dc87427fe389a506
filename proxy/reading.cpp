#include <algorithm>

#include "proxy/gate.hpp"

// What a text or a name will mean to the server when it gets there: that may hang on what is still in flight.

namespace proxy {

struct gate::wait_for_line {
    gate& g;
    bool await_ready() const noexcept { return g.settled_or_in_copy(); }
    void await_suspend(std::coroutine_handle<> h) const noexcept { g.waiting_ = h; }
    void await_resume() const noexcept {}
};

// Everything that was sent before the un-synced messages is answered, or a COPY from the client has begun in which no other
// message has a place (leave_copy.cpp).
bool gate::settled_or_in_copy() const noexcept { return conversation_.owed().settled() || !conversation_.allows('Q'); }

task<void> gate::until_settled() {
    wait_for_line line{*this};
    co_await line;
}

// Nothing more is taken of the client until all that it sent up to its last Sync is answered; then the message is routed
// once more.
gate::route_to gate::look_again() {
    start(until_settled());
    return route_to::wait;
}

// The server tells what a statement has changed of its settings just before the ReadyForQuery behind it (PostgreSQL 14 and
// later), and reads the next message by what it has then. Whatever is not answered yet may hide a SET.
policy::lexing gate::lexing() const {
    const auto& owed = conversation_.owed();
    auto how = known_.lexing;
    how.in_doubt = !owed.settled() || owed.unsynced().executes > 0;
    how.runs_prepared = !prepared_.empty() ||
                        std::any_of(noted_.begin(), noted_.end(), [](const noted& n) { return n.kind == note::parse; });
    return how;
}

// Whether replies to come may change what the text is, where it may be what has to be judged.
bool gate::hangs_on_replies(std::string_view sql) const {
    return !conversation_.owed().settled() && sql.find_first_of("\\$") != sql.npos;
}

// A Parse on its way may find its name taken, or be skipped: then the name keeps its old meaning.
bool gate::ambiguous(std::string_view name) const {
    const auto coming = std::count_if(noted_.begin(), noted_.end(),
                                      [&](const noted& n) { return n.kind == note::parse && n.name == name; });
    return !conversation_.owed().settled() && coming + (prepared_.knows(name) ? 1 : 0) > 1;
}

// EXECUTE of what was prepared by the protocol: judged by that, for the server runs it without another word.
void gate::follow_execute(judged_message& m) const {
    const auto names = m.text->runs_prepared();
    if (names.empty()) return;
    std::shared_ptr<const policy::script> named;
    for (const auto& name : names)
        if (const auto s = script_named(name); s && !lightly_judged(*s)) named = s;
    m.by_name = named != nullptr;
    m.among_others = m.by_name && !m.text->single();
    if (m.by_name && !m.among_others) m.text = std::move(named);
}

}  // namespace proxy
