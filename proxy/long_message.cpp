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

// The string that begins the bytes; nothing where its end is not there yet.
std::optional<std::string_view> first_string(bytes in) {
    const auto end = std::find(in.begin(), in.end(), 0);
    if (end == in.end()) return std::nullopt;
    return protocol::as_text(in.first(static_cast<std::size_t>(end - in.begin())));
}

}  // namespace

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
                           .size = size,
                           .beginning = std::string(protocol::as_text(text.first(std::min(text.size(), shown)))) + " ..."};
    if (!name || doubts(text, last)) {
        const auto record = audit_too_long(long_text_->beginning, query);
        long_text_->fate = long_text::passes;
        if (conduct_.mode == config::mode::enforce) {
            long_text_.reset();
            take_out();
            judged_message m;
            m.query = query;
            refuse(m, too_long(size, settings_->limits.statement), record);
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
        const auto record = audit_too_long(long_text_->beginning, long_text_->query);
        long_text_->fate = conduct_.mode == config::mode::enforce ? long_text::spoiled : long_text::passes;
        // Not noted any more: the server skips it, after an error of what came before.
        if (long_text_->fate == long_text::spoiled && !noted_.empty()) {
            noted_.back().kind = note::refused;
            noted_.back().record = record;
            noted_.back().refusal = too_long(long_text_->size, settings_->limits.statement);
            if (!long_text_->query) discarding_ = true;  // as the server does, from its error on
        }
    }
    if (long_text_->fate == long_text::spoiled) {
        to_server_->add(protocol::buffer(piece.size(), ' '));
        run_ = piece.size();
    }
    if (last) long_text_.reset();
}

gate::route_to gate::route_long_bind(bytes body, std::uint64_t size) {
    const auto portal = first_string(body);
    const auto statement = portal ? first_string(body.subspan(portal->size() + 1)) : std::nullopt;
    if (!statement) {
        if (body.size() < longest_names) return route_to::wait;
        die(protocol::sqlstate::program_limit_exceeded, "the names in a Bind message are too long");
        return route_to::nowhere;
    }
    if (ambiguous(*statement)) return look_again();
    const auto text = script_named(*statement);
    if (text && !lightly_judged(*text)) {
        if (size <= settings_->limits.statement) return route_to::wait;
        conduct_ = policy::conduct_for(facts_of_session({}), *settings_);
        const auto record = audit_too_long(text->text(), false);
        if (conduct_.mode == config::mode::enforce) {
            take_out();
            refuse({}, too_long(size, settings_->limits.statement), record);
            return route_to::nowhere;
        }
    }
    if (text || !prepared_.empty()) prepared_.bind(*portal, text, {});
    pass('B');
    return route_to::server;
}

}  // namespace proxy
