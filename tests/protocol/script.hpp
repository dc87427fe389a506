#pragma once

#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/bytes.hpp"
#include "protocol/conversation.hpp"

// Conversations as text, one message a line:
//
//   who tag[#note] [arguments] | phase status size [| reply]
//
// who is ^ (the StartupMessage), > (the client), * (ours) or < (the server). After the message the conversation is in that
// phase, in that transaction status, and holds that many entries. For a server message `reply` is what the ledger says of
// it: the tag of the message that it answers, '.' behind it if that is thereby completed, "ours " in front of it if that is
// ours, "#n" if it carries a note; or async, or unexpected. Then "-n" for n dropped notes, and "-ours".
//
// Arguments, their parts between slashes: Q sql; P statement/sql; B portal/statement; D and C kind/name; E portal/most rows;
// F oid of a function without arguments; d text (\n for a newline); f text; Z of the server: status.
namespace script {

struct step {
    char who;
    char tag = 0;
    std::uint16_t note = 0;
    std::string_view arguments, state, reply;
};

inline std::string_view trimmed(std::string_view s) {
    while (!s.empty() && s.front() == ' ') s.remove_prefix(1);
    while (!s.empty() && s.back() == ' ') s.remove_suffix(1);
    return s;
}

// What stands in front of the first `at`; `s` keeps what stands behind it.
inline std::string_view cut(std::string_view& s, char at) {
    const auto end = s.find(at);
    const auto front = s.substr(0, end);
    s = end == s.npos ? std::string_view{} : s.substr(end + 1);
    return front;
}

inline unsigned number(std::string_view s) {
    unsigned n = 0;
    std::from_chars(s.data(), s.data() + s.size(), n);
    return n;
}

inline step parse_line(std::string_view line) {
    step s{.who = line.front()};
    auto message = trimmed(cut(line, '|').substr(1));
    s.state = trimmed(cut(line, '|'));
    s.reply = trimmed(line);
    auto tag = cut(message, ' ');
    s.arguments = trimmed(message);
    if (!tag.empty()) s.tag = tag.front();
    if (tag.size() > 2) s.note = static_cast<std::uint16_t>(number(tag.substr(2)));
    if (s.state.empty()) throw std::runtime_error("no state: " + std::string(message));
    return s;
}

inline std::vector<step> parse(std::string_view text) {
    std::vector<step> steps;
    while (!text.empty())
        if (const auto line = trimmed(cut(text, '\n')); !line.empty()) steps.push_back(parse_line(line));
    return steps;
}

inline std::string_view name(protocol::phase p) {
    constexpr std::string_view names[] = {"startup", "authentication", "ready", "in_reply", "copy_in", "copy_out", "copy_both", "skipping", "closed"};
    return names[static_cast<std::size_t>(p)];
}

inline std::string describe(const protocol::conversation& c) {
    return std::string(name(c.phase())) + ' ' + c.status() + ' ' + std::to_string(c.owed().size());
}

inline std::string describe(const protocol::ledger::reply& r) {
    using owner = protocol::ledger::reply::owner;
    std::string text;
    if (r.whose == owner::async) text = "async";
    if (r.whose == owner::unexpected) text = "unexpected";
    if (r.whose == owner::ours) text = "ours ";
    if (r.answers != 0) text += r.answers;
    if (r.note != 0) text += '#' + std::to_string(r.note);
    if (r.completes) text += '.';
    if (r.dropped_notes != 0) text += " -" + std::to_string(r.dropped_notes);
    if (r.drops_ours) text += " -ours";
    return text;
}

// The bytes of a step's message. A server's body is as short as it may be: nobody reads it here.
inline protocol::buffer encode(const step& s) {
    std::string body;
    const auto string = [&](std::string_view text) { body.append(text).push_back('\0'); };
    const auto int32 = [&](unsigned n) {
        for (int shift = 24; shift >= 0; shift -= 8) body.push_back(static_cast<char>(n >> shift));
    };
    auto rest = s.arguments;
    if (s.who == '<') {
        if (s.tag == 'Z') body = rest;
        if (s.tag == 'D' || s.tag == 'd') body = "a row that is longer than its header";
    } else {
        switch (s.tag) {
        case 'Q':
        case 'f': string(rest); break;
        case 'P':
        case 'B':
            string(cut(rest, '/'));
            string(rest);
            body.append(s.tag == 'P' ? 2 : 6, '\0');  // no parameters, no formats
            break;
        case 'D':
        case 'C':
            body = cut(rest, '/');
            string(rest);
            break;
        case 'E':
            string(cut(rest, '/'));
            int32(number(rest));
            break;
        case 'F':
            int32(number(rest));
            body.append(6, '\0');
            break;
        case 'd':
            while (!rest.empty()) {
                body += cut(rest, '\\');
                if (!rest.starts_with('n')) continue;
                rest.remove_prefix(1);
                body += '\n';
            }
            break;
        default: break;
        }
    }
    protocol::buffer out{static_cast<std::uint8_t>(s.tag)};
    const auto length = body.size() + 4;
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<std::uint8_t>(length >> shift));
    out.insert(out.end(), body.begin(), body.end());
    return out;
}

}  // namespace script
