#include "protocol/conversation.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "protocol/frame.hpp"
#include "replay.hpp"
#include "scripts.hpp"

namespace {

using protocol::conversation;
using script::expect_line;
using script::step;
using script::take;

// Before a script whose first line is not the StartupMessage's the session has been started.
conversation at_the_beginning_of(const std::vector<step>& steps) {
    conversation c;
    const bool starts_itself = std::any_of(steps.begin(), steps.end(), [](const step& s) { return s.who == '^'; });
    if (!starts_itself) {
        c.startup_sent();
        c.on_backend('Z', 'I');
    }
    return c;
}

struct conversations : testing::TestWithParam<script::conversation> {
    std::vector<step> steps = script::parse(GetParam().text);
};

TEST_P(conversations, as_they_come) {
    auto c = at_the_beginning_of(steps);
    for (std::size_t i = 0; i < steps.size(); ++i) expect_line(c, steps[i], i + 1);
}

// One side goes after any step: what stands then is all of it, and a copy of it is another conversation.
TEST_P(conversations, cut_at_every_step) {
    for (std::size_t cut = 1; cut <= steps.size(); ++cut) {
        std::optional<conversation> first = at_the_beginning_of(steps);
        for (std::size_t i = 0; i < cut; ++i) take(*first, steps[i]);
        EXPECT_EQ(script::describe(*first), steps[cut - 1].state) << "cut behind line " << cut;
        auto second = *first;
        first.reset();
        for (std::size_t i = cut; i < steps.size(); ++i) expect_line(second, steps[i], i + 1);
    }
}

// One direction of a stream that comes in pieces: calls `seen` with the header of each message as soon as it is whole.
class walk {
public:
    template <class Seen>
    void feed(protocol::bytes in, Seen seen) {
        for (const auto octet : in) {
            if (rest_ > 0) {
                --rest_;
                continue;
            }
            head_.push_back(octet);
            if (head_.size() < protocol::header_size) continue;
            const auto header = protocol::read_header(head_);
            rest_ = header.length - 4;
            head_.clear();
            seen(header.tag);
        }
    }
    bool at_border() const { return rest_ == 0 && head_.empty(); }

private:
    protocol::buffer head_;
    std::size_t rest_ = 0;
};

// The bytes of both sides, cut at every place of every message: the headers alone carry the conversation.
TEST_P(conversations, split_at_every_byte) {
    auto c = at_the_beginning_of(steps);
    walk from_client, from_server;
    for (std::size_t i = 0; i < steps.size(); ++i) {
        const auto& s = steps[i];
        if (s.who == '^' || s.reply == "refused") {
            expect_line(c, s, i + 1);
            continue;
        }
        auto& side = s.who == '<' ? from_server : from_client;
        const auto message = script::encode(s);
        int seen = 0;
        for (std::size_t at = 0; at < message.size(); ++at)
            side.feed(protocol::bytes(message).subspan(at, 1), [&](char tag) {
                EXPECT_EQ(tag, s.tag);
                ++seen;
                expect_line(c, s, i + 1);
            });
        EXPECT_EQ(seen, 1);
        EXPECT_TRUE(side.at_border());
    }
}

INSTANTIATE_TEST_SUITE_P(protocol, conversations, testing::ValuesIn(script::all()),
                         [](const auto& c) { return std::string(c.param.name); });

}  // namespace
