#pragma once

#include <cstddef>
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
    held_reply() = default;
    // So many Executes of ours stand before it; behind it stand others, perhaps, and a Sync of ours, whose ReadyForQuery is the
    // last reply.
    explicit held_reply(std::size_t ahead) noexcept : ahead_(ahead), synced_(true) {}

    // One reply; true: that was the last. A Query ends with ReadyForQuery, an Execute with its first final reply.
    bool on_reply(const protocol::ledger::reply& r, char tag, protocol::bytes body) {
        if (tag == 'E') {
            auto decoded = protocol::decode_error(body);
            error = decoded ? std::move(*decoded) : protocol::error_fields{};
            // The commit, which is a part of a Query, or one of ours behind the statement: it is not done.
            if (r.answers == 'S' || completed_) messages.resize(before_completion_);
            return r.answers != 'Q' && !synced_;
        }
        if (tag == 'Z') return true;
        if (r.answers != 'Q' && r.answers != 'E') return false;  // of what stands around it
        if (ahead_ > 0) {
            ahead_ -= tag == 'C' ? 1 : 0;
            return false;
        }
        if (completed_) return false;
        if (tag == 'C' && !body.empty()) {
            command_tag = protocol::as_text(body.first(body.size() - 1));
            before_completion_ = messages.size();
        }
        add(tag, body);
        completed_ = r.completes;
        return completed_ && !synced_;
    }
    // A NoticeResponse; those of ours that stand around it are for nobody.
    void on_notice(protocol::bytes body) {
        if (ahead_ == 0 && !completed_) add('N', body);
    }
    // What has failed is one of ours that stand before it.
    bool failed_ahead() const noexcept { return error && ahead_ > 0; }
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

private:
    std::size_t ahead_ = 0, before_completion_ = 0;
    bool synced_ = false, completed_ = false;
};

}  // namespace proxy
