#pragma once

#include <deque>
#include <vector>

#include "protocol/bytes.hpp"

namespace proxy {

// What is to be sent on one leg, in order: slices of a receive buffer, forwarded where they lie, and messages
// of our own. The slices stay valid until the call that filled the outbox returns to the session, which sends them at once.
class outbox {
public:
    // Joins the slice to the one before where they touch: a run of messages is one send.
    void forward(protocol::bytes slice) {
        if (slice.empty()) return;
        if (!parts_.empty() && parts_.back().data() + parts_.back().size() == slice.data())
            parts_.back() = {parts_.back().data(), parts_.back().size() + slice.size()};
        else
            parts_.push_back(slice);
        size_ += slice.size();
    }

    void add(protocol::buffer message) {
        if (message.empty()) return;
        size_ += message.size();
        own_.push_back(std::move(message));
        parts_.push_back(own_.back());
    }

    bool empty() const noexcept { return parts_.empty(); }
    std::size_t size() const noexcept { return size_; }
    const std::vector<protocol::bytes>& parts() const noexcept { return parts_; }
    void clear() noexcept {
        parts_.clear();
        if (!own_.empty()) own_.clear();  // a deque's clear() is not free, and nearly all that is sent was forwarded
        size_ = 0;
    }

private:
    std::vector<protocol::bytes> parts_;
    std::deque<protocol::buffer> own_;  // a deque: what parts_ points to does not move
    std::size_t size_ = 0;
};

}  // namespace proxy
