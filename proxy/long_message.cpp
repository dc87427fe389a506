#include <algorithm>

#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"

// What is too long to be held. A Query or Parse of more than limits.statement bytes cannot be judged, so it passes only
// while the lexer, which reads it piece by piece, sees nothing that may need judging. It goes to the server in the same
// pieces: PostgreSQL parses no text before it has all of it, and rejects the whole message (08P01, nothing is executed)
// where its last byte does not end the string (pqformat.c, pq_getmsgstring). So what turns out to need judging half way is
// spoiled: blanks take the place of all bytes that are still to come, and the server's error becomes ours, LK004.
// Where that shows in the first piece already, nothing of the message leaves: it is read and dropped.
//
// A Bind is looked at for its two names only; its values pass unseen, however many they are. CopyData and FunctionCall
// pass by their headers.
//
// What is held is counted, over all sessions (limits.held), from the bytes that have come: a header alone takes no room. Where
// there is none, a text goes the same way as one that is too long: rows pass, and nobody waits for anybody. To stop reading until
// there is room would keep all waiting for the slowest, for ever where each of them has begun, and the application with them.

namespace proxy {

using protocol::bytes;

namespace {

constexpr std::size_t first_piece = 8 * 1024;     // of a long text: comments and the first keyword mostly lie in it
constexpr std::size_t longest_names = 64 * 1024;  // of a Bind that is not held whole
constexpr std::size_t shown = 1000;               // bytes of a long text, in the audit log

policy::finding too_long(std::uint64_t size, std::size_t limit) {
    return {.rule = "statement-too-long",
            .action = config::action::reject,
            .message = "the statement was refused because it is too long to be judged",
            .detail = "Its message has " + std::to_string(size) + " bytes and may change the schema; up to " + std::to_string(limit) +
                      " are looked at (limits.statement).",
            .hint = "Send it in smaller statements, raise limits.statement, or run it straight on the server.",
            .sqlstate = std::string(protocol::sqlstate::lockkeeper_not_understood)};
}

// Not LK004: the same statement will do when there is room.
policy::finding no_room(std::uint64_t size, const held_budget& of) {
    return {.rule = "no-room-to-hold",
            .action = config::action::reject,
            .message = "the statement was refused because there is no room to hold it until it is judged",
            .detail = "Its message has " + std::to_string(size) + " bytes and may change the schema; of the " + std::to_string(of.limit()) +
                      " bytes that all sessions together may hold, " + std::to_string(of.taken()) + " are taken (limits.held).",
            .hint = "Send it again in a while or in smaller statements, raise limits.held, or run it straight on the server.",
            .sqlstate = std::string(protocol::sqlstate::configuration_limit_exceeded)};
}

// The string that begins the bytes; nothing where its end is not there yet.
std::optional<std::string_view> first_string(bytes in) {
    const auto end = std::find(in.begin(), in.end(), 0);
    if (end == in.end()) return std::nullopt;
    return protocol::as_text(in.first(static_cast<std::size_t>(end - in.begin())));
}

}  // namespace

// Room for what has come of a Query or Parse.
bool gate::hold(char tag, bytes body) {
    const auto size = body.size() + protocol::header_size;
    if (holding_.grow_to(size, held_budget::of::half)) return true;
    const auto name = tag == 'Q' ? std::string_view{} : first_string(body);
    const auto text = body.subspan(tag == 'Q' || !name ? 0 : name->size() + 1);
    policy::long_look look(lexing());
    const bool doubtful = name && look.may_need_judging(protocol::as_text(text.first(std::min(text.size(), first_piece))), false);
    return doubtful && holding_.grow_to(size, held_budget::of::all);
}

// A message of that size cannot be held whole.
policy::finding gate::why_unjudged(std::uint64_t size) {
    const auto longest = settings_->limits.statement;
    if (size > longest) return too_long(size, longest);
    counts_.not_held.add();
    return no_room(size, *who_.held);
}

gate::route_to gate::route_long_text(char tag, bytes body, std::uint64_t size) {
    const auto all = size - protocol::header_size;
    if (body.size() < std::min<std::uint64_t>(all, first_piece)) return route_to::wait;
    if (!conversation_.owed().settled()) return look_again();
    conduct_ = policy::conduct_for(facts_of_session({}), *settings_);
    const bool query = tag == 'Q', last = body.size() == all;
    const auto name = query ? std::string_view{} : first_string(body);
    const auto text = body.subspan(query || !name ? 0 : name->size() + 1);
    long_text_ = long_text{.look = policy::long_look(lexing()),
                           .query = query,
                           .beginning = std::string(protocol::as_text(text.first(std::min(text.size(), shown)))) + " ...",
                           .why = why_unjudged(size)};
    if (!name || doubts(text, last)) {
        const auto record = audit_unjudged(long_text_->beginning, query, long_text_->why);
        long_text_->fate = long_text::passes;
        if (conduct_.mode == config::mode::enforce) {
            auto why = std::move(long_text_->why);
            long_text_.reset();
            take_out();
            judged_message m;
            m.query = query;
            refuse(m, std::move(why), record);
            return route_to::nowhere;
        }
    }
    const bool remembered = !query && name && (prepared_.knows(*name) || names_noted(*name));
    const auto kind = remembered ? note::parse : note::long_text;
    noted_.push_back({.kind = kind, .name = std::string(name.value_or("")), .sent = now_});
    pass(tag, kind);
    if (last) long_text_.reset();
    return route_to::server;
}

// The next bytes of the message: text, but for what ends a Query and what follows the text of a Parse.
bool gate::doubts(bytes piece, bool last) {
    auto& t = *long_text_;
    if (t.fate != long_text::looked_at) return false;
    auto text = protocol::as_text(piece);
    const auto end = t.query ? (last ? text.size() - 1 : text.npos) : text.find('\0');
    if (end == text.npos) return t.look.may_need_judging(text, false);
    t.fate = long_text::passes;
    return t.look.may_need_judging(text.substr(0, end), true);
}

// The next piece of a message that is on its way.
void gate::look_on(bytes piece, bool last) {
    if (doubts(piece, last)) {
        const auto record = audit_unjudged(long_text_->beginning, long_text_->query, long_text_->why);
        long_text_->fate = conduct_.mode == config::mode::enforce ? long_text::spoiled : long_text::passes;
        // Not noted any more: the server skips it, after an error of what came before.
        if (long_text_->fate == long_text::spoiled && !noted_.empty()) {
            noted_.back().kind = note::refused;
            noted_.back().record = record;
            noted_.back().refusal = long_text_->why;
            if (!long_text_->query) discarding_ = true;  // as the server does, from its error on
        }
    }
    if (long_text_->fate == long_text::spoiled) {
        to_server_->add(protocol::buffer(piece.size(), ' '));
        run_ = piece.size();
    }
    if (last) long_text_.reset();
}

// `here` is what there is of it, maybe all.
gate::route_to gate::route_long_bind(bytes here, std::uint64_t size) {
    const auto body = here.subspan(protocol::header_size);
    const auto portal = first_string(body);
    const auto statement = portal ? first_string(body.subspan(portal->size() + 1)) : std::nullopt;
    if (!statement) {
        if (here.size() == size) return route_whole({'B', body, here});
        if (body.size() < longest_names) return route_to::wait;
        die(protocol::sqlstate::program_limit_exceeded, "the names in a Bind message are too long");
        return route_to::nowhere;
    }
    if (ambiguous(*statement)) return look_again();
    auto text = script_named(*statement);
    if (text && !lightly_judged(*text)) {
        if (size <= settings_->limits.statement && holding_.grow_to(here.size(), held_budget::of::all))
            return here.size() == size ? route_whole({'B', body, here}) : route_to::wait;
        conduct_ = policy::conduct_for(facts_of_session({}), *settings_);
        auto why = why_unjudged(size);
        const auto record = audit_unjudged(text->text(), false, why);
        if (conduct_.mode == config::mode::enforce) {
            take_out();
            refuse({}, std::move(why), record);
            return route_to::nowhere;
        }
        text = nullptr;  // without its Bind it cannot be judged when it is executed
    }
    if (text || !prepared_.empty()) prepared_.bind(*portal, text, {});
    pass('B');
    return route_to::server;
}

}  // namespace proxy
