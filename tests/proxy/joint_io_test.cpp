#include "proxy/joint_io.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "proxy/edge_socket.hpp"
#include "proxy/event_loop.hpp"
#include "proxy/peer.hpp"

namespace {

using protocol::as_bytes;
using proxy::event_loop;

// A watched socket and the other end of its connection.
struct line final : event_loop::watcher {
    proxy::edge_socket socket;
    int other = -1;
    std::string got;
    int problem = 0;     // errno of the last receive
    bool ended = false;  // the other end has
    std::function<void()> then;

    line(event_loop& loop, bool tcp) {
        std::array<int, 2> ends{};
        tcp ? connect(ends) : make(ends);
        other = ends[1];
        socket.open(ends[0], loop, *this);
    }
    ~line() override { hang_up(); }

    static void make(std::array<int, 2>& ends) {
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    }
    static void connect(std::array<int, 2>& ends) {
        const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        auto* const where = reinterpret_cast<sockaddr*>(&at);
        EXPECT_EQ(::bind(listening, where, size) | ::listen(listening, 1) | ::getsockname(listening, where, &size), 0);
        ends[1] = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        EXPECT_EQ(::connect(ends[1], where, size), 0);
        ends[0] = ::accept4(listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        ::close(listening);
    }

    void on_ready(std::uint32_t events) override {
        socket.note(events);
        if (then) then();
    }
    proxy::edge_socket* reads_first() noexcept override { return &socket; }

    void say(std::string_view text) const { ASSERT_EQ(::send(other, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size())); }
    std::string hear() const {
        std::string all;
        std::array<char, 65536> some{};
        for (ssize_t n = 0; (n = ::recv(other, some.data(), some.size(), MSG_DONTWAIT)) > 0;) all.append(some.data(), static_cast<std::size_t>(n));
        return all;
    }
    void hang_up() {
        if (other >= 0) ::close(std::exchange(other, -1));
    }

    void read(std::size_t most = 65536) {
        std::vector<std::uint8_t> into(most);
        while (!socket.drained() && !ended && problem == 0) {
            const auto count = socket.receive(into);
            if (count > 0) got.append(into.begin(), into.begin() + count);
            if (count == 0) ended = true;
            if (count < 0 && errno != EAGAIN) problem = errno;
        }
    }
    bool send(std::string_view text) { return socket.send(std::array{as_bytes(text)}) == static_cast<ssize_t>(text.size()); }
};

// Everything has to be the same whether calls are made together or not.
class joint_io_test : public testing::TestWithParam<bool> {
protected:
    void SetUp() override {
        if (!GetParam()) return;
        if (const int problem = loop_.joint().open(1)) GTEST_SKIP() << "the kernel does not offer io_uring here: " << std::strerror(problem);
    }

    line& add(bool tcp = false) { return *lines_.emplace_back(std::make_unique<line>(loop_, tcp)); }
    void add_some(std::size_t count) {
        while (count-- > 0) add();
    }

    // Three turns: what is to come has come.
    void run() {
        int left = 3;
        const std::function<void()> next = [&] { --left > 0 ? loop_.post(next) : loop_.stop(); };
        loop_.post(next);
        loop_.run();
    }

    event_loop loop_;
    std::vector<std::unique_ptr<line>> lines_;
};

TEST_P(joint_io_test, brings_each_its_own) {
    add_some(100);  // more than one round
    for (std::size_t i = 0; i < lines_.size(); ++i) {
        lines_[i]->say("number " + std::to_string(i));
        lines_[i]->then = [l = lines_[i].get()] { l->read(); };
    }
    run();
    for (std::size_t i = 0; i < lines_.size(); ++i) EXPECT_EQ(lines_[i]->got, "number " + std::to_string(i));
}

TEST_P(joint_io_test, reads_on_where_more_has_come_than_was_brought) {
    auto& one = add();
    const std::string much = std::string(proxy::joint_io::slot_size, 'a') + std::string(1000, 'b');
    for (const std::size_t most : {std::size_t{7}, std::size_t{20'000}}) {
        one.got.clear();
        one.say(much);
        one.then = [&, most] { one.read(most); };
        run();
        EXPECT_TRUE(one.got == much) << most;
        EXPECT_TRUE(one.socket.drained());
    }
}

TEST_P(joint_io_test, keeps_what_nobody_asked_for_in_its_turn) {
    add_some(3);
    auto& slow = *lines_[1];
    slow.say("first ");
    run();
    for (auto& l : lines_) l->say("others' ");  // into the same slots
    lines_[0]->then = [this] { lines_[0]->read(); };
    run();
    slow.say("last");
    slow.then = [&] { slow.read(2); };
    run();
    EXPECT_EQ(slow.got, "first others' last");
    EXPECT_EQ(lines_[0]->got, "others' ");
    EXPECT_EQ(slow.socket.held(), 0u);
}

TEST_P(joint_io_test, brings_the_end_behind_the_bytes) {
    auto& one = add();
    one.say("last words");
    one.hang_up();
    one.then = [&] { one.read(); };
    run();
    EXPECT_EQ(one.got, "last words");
    EXPECT_TRUE(one.ended);
}

TEST_P(joint_io_test, tells_of_a_connection_that_was_reset) {
    auto& one = add(true);
    const linger at_once{1, 0};
    ::setsockopt(one.other, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    one.hang_up();
    one.then = [&] { one.read(); };
    run();
    EXPECT_EQ(one.problem, ECONNRESET);
}

TEST_P(joint_io_test, sends_in_order_to_each) {
    add_some(80);  // more than are sent in one call
    lines_[0]->say("go");
    lines_[0]->then = [&] {
        for (const std::string_view part : {"one ", "two ", "three "})
            for (auto& l : lines_) EXPECT_TRUE(l->send(part));
        const std::string long_one(proxy::joint_io::short_send + 1, 'x');
        for (auto& l : lines_) EXPECT_TRUE(l->send(long_one) && l->send(" four") && l->send(" five"));
    };
    run();
    for (auto& l : lines_) EXPECT_EQ(l->hear(), "one two three " + std::string(proxy::joint_io::short_send + 1, 'x') + " four five");
}

TEST_P(joint_io_test, keeps_what_the_socket_does_not_take) {
    auto& full = add();
    auto& other = add();
    const std::string some(3000, 's');
    std::size_t accepted = 0, heard = 0;
    full.then = [&] {
        const auto part = std::array{as_bytes(some)};
        for (ssize_t count = 0; (count = full.socket.send(part)) > 0;) {
            accepted += static_cast<std::size_t>(count);
            EXPECT_TRUE(other.send(some));  // no two in a row for one
            other.hear();
        }
        EXPECT_EQ(errno, EAGAIN);
    };
    full.say("go");
    run();
    EXPECT_EQ(full.socket.owed() > 0, GetParam());
    for (bool all = false; !all;) {
        all = full.socket.pay();
        heard += full.hear().size();
    }
    EXPECT_GT(accepted, some.size());
    EXPECT_EQ(heard, accepted);
}

// No edge tells of it: it is the send that fails.
TEST_P(joint_io_test, is_called_again_when_what_was_on_its_way_failed) {
    auto& dead = add();
    auto& other = add();
    ::shutdown(dead.socket.descriptor(), SHUT_WR);
    run();
    int told = 0;
    dead.then = [&] {
        ++told;
        EXPECT_TRUE(dead.socket.broken());
        EXPECT_FALSE(dead.send("more"));
        dead.problem = errno;
    };
    other.say("go");
    other.then = [&] {
        if (!dead.send("to the dead")) dead.problem = errno;  // one by one it is told at once
        other.send("to the living");
    };
    run();
    EXPECT_EQ(told, GetParam() ? 1 : 0);
    EXPECT_EQ(dead.problem, EPIPE);
    EXPECT_EQ(other.hear(), "to the living");
}

// A leg of a session, as far as sending goes.
struct leg final : event_loop::watcher {
    proxy::peer socket;
    std::function<void()> first;

    void on_ready(std::uint32_t events) override {
        socket.note(events);
        socket.flush();
        if (first) std::exchange(first, nullptr)();
    }
    proxy::edge_socket* reads_first() noexcept override { return &socket.socket(); }
};

TEST_P(joint_io_test, a_peer_sends_what_was_not_taken_as_soon_as_it_can) {
    leg full;
    std::array<int, 2> ends{};
    line::make(ends);
    full.socket.open(ends[0], loop_, full);
    auto& other = add();
    std::string said, heard;
    full.first = [&] {
        for (int number = 0; number < 1000; ++number) {
            const auto part = std::to_string(number) + std::string(1000, ' ');
            said += part;
            full.socket.send(as_bytes(part));
            other.send("x");
        }
    };
    EXPECT_EQ(::send(ends[1], "go", 2, MSG_NOSIGNAL), 2);
    run();
    EXPECT_GT(full.socket.unsent(), 0u);
    std::array<char, 65536> some{};
    for (ssize_t count = 0; (count = ::recv(ends[1], some.data(), some.size(), MSG_DONTWAIT)) > 0; run())
        heard.append(some.data(), static_cast<std::size_t>(count));
    EXPECT_TRUE(heard == said) << heard.size() << " of " << said.size();
    EXPECT_EQ(full.socket.unsent(), 0u);
    ::close(ends[1]);
}

TEST_P(joint_io_test, sends_what_was_to_be_sent_before_it_closes) {
    add_some(3);
    for (auto& l : lines_) {
        l->say("go");
        l->then = [&] {  // whose turn comes first closes all
            for (auto& each : lines_)
                if (each->socket.is_open()) {
                    each->send("farewell");
                    each->socket.close();
                }
        };
    }
    run();
    for (auto& l : lines_) {
        EXPECT_FALSE(l->socket.is_open());
        EXPECT_EQ(l->hear(), "farewell");
    }
}

TEST_P(joint_io_test, settles_what_is_to_be_sent_at_once) {
    add_some(2);
    std::string heard;
    lines_[0]->say("go");
    lines_[0]->then = [&] {
        lines_[0]->send("now");
        lines_[0]->socket.settle();
        heard = lines_[0]->hear();
    };
    run();
    EXPECT_EQ(heard, "now");
}

INSTANTIATE_TEST_SUITE_P(calls, joint_io_test, testing::Bool(), [](const auto& i) { return i.param ? "together" : "one_by_one"; });

}  // namespace
