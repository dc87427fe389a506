#pragma once

#include <optional>
#include <string>

#include "protocol/backend.hpp"
#include "protocol/bytes.hpp"
#include "protocol/ledger.hpp"

namespace proxy {

// What the server answers to a statement of the client's that may be tried again: kept back until it is sure that this is
// the answer. Schema changes return no rows, so it is small.
class held_reply {
public:
    // One reply; true: that was the last. A Query ends with ReadyForQuery, an Execute with its first final reply.
    bool on_reply(const protocol::ledger::reply& r, char tag, protocol::bytes body) {
        if (tag == 'E') {
            auto decoded = protocol::decode_error(body);
            error = decoded ? std::move(*decoded) : protocol::error_fields{};
            return r.answers != 'Q';
        }
        if (tag == 'Z') return true;
        if (r.answers == 'B' || r.answers == 'C') return false;  // of the portal that was bound anew
        if (tag == 'C' && !body.empty()) command_tag = protocol::as_text(body.first(body.size() - 1));
        add(tag, body);
        return r.completes;
    }
    void add(char tag, protocol::bytes body) {
        const auto length = body.size() + 4;
        messages.push_back(static_cast<std::uint8_t>(tag));
        for (int shift = 24; shift >= 0; shift -= 8) messages.push_back(static_cast<std::uint8_t>(length >> shift));
        messages.insert(messages.end(), body.begin(), body.end());
    }
    std::string_view sqlstate() const noexcept { return error ? error->get('C') : std::string_view{}; }

    protocol::buffer messages;  // as the client is to get them, but for the error and ReadyForQuery
    std::optional<protocol::error_fields> error;
    std::string command_tag;
};

}  // namespace proxy
