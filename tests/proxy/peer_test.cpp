#include "proxy/peer.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace {

using protocol::as_bytes;
using protocol::as_text;

// A peer and the raw other end of its connection.
class peer_test : public testing::Test, protected proxy::event_loop::watcher {
protected:
    peer_test() {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        other_ = ends[1];
        peer_.open(ends[0], loop_, *this);
    }
    ~peer_test() override { hang_up(); }

    void on_ready(std::uint32_t events) override {
        peer_.note(events);
        loop_.stop();
    }
    void hang_up() {
        if (other_ >= 0) ::close(std::exchange(other_, -1));
    }
    void say(std::string_view text) {
        ASSERT_EQ(::send(other_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
        peer_.note(EPOLLIN);
    }
    std::string hear() {
        std::string all;
        std::array<char, 65536> some{};
        for (ssize_t n = 0; (n = ::recv(other_, some.data(), some.size(), 0)) > 0;) all.append(some.data(), static_cast<std::size_t>(n));
        return all;
    }

    proxy::event_loop loop_;
    int other_ = -1;
    proxy::peer peer_;
    std::vector<std::uint8_t> scratch_ = std::vector<std::uint8_t>(1024);
};

std::string pattern(std::size_t size) {
    std::string s(size, 0);
    for (std::size_t i = 0; i < size; ++i) s[i] = static_cast<char>('a' + i * 7 % 26 + i / 4096 % 3);
    return s;
}

TEST_F(peer_test, shows_what_was_not_consumed_again_with_what_comes_after) {
    say("abc");
    EXPECT_EQ(as_text(peer_.receive(scratch_)), "abc");
    peer_.consume(1);
    EXPECT_EQ(as_text(peer_.leftover()), "bc");
    EXPECT_FALSE(peer_.may_read());
    say("d");
    EXPECT_EQ(as_text(peer_.receive(scratch_)), "bcd");
    peer_.consume(0);
    peer_.consume(2);
    EXPECT_EQ(as_text(peer_.leftover()), "d");
    peer_.consume(1);
    EXPECT_TRUE(peer_.leftover().empty());
}

TEST_F(peer_test, keeps_the_leftover_where_nothing_new_comes) {
    say("ab");
    peer_.receive(scratch_);
    peer_.consume(0);
    peer_.note(EPOLLIN);
    EXPECT_TRUE(peer_.receive(scratch_).empty());
    peer_.consume(0);
    EXPECT_EQ(as_text(peer_.leftover()), "ab");
}

TEST_F(peer_test, gathers_a_message_much_longer_than_the_scratch) {
    const auto message = pattern(100'000);
    for (std::size_t at = 0; at < message.size(); at += 1000) {
        say(std::string_view(message).substr(at, 1000));
        while (peer_.may_read()) {
            peer_.receive(scratch_);
            peer_.consume(0);
        }
    }
    EXPECT_EQ(as_text(peer_.leftover()), message);
    peer_.consume(message.size());
    EXPECT_TRUE(peer_.leftover().empty());
}

TEST_F(peer_test, reads_on_after_a_full_read_and_up_to_an_end_that_came_with_the_bytes) {
    say(std::string(1500, 'x'));
    peer_.receive(scratch_);
    peer_.consume(1024);
    EXPECT_TRUE(peer_.may_read());
    hang_up();
    peer_.note(EPOLLIN | EPOLLRDHUP);
    EXPECT_EQ(peer_.receive(scratch_).size(), 476u);
    peer_.consume(476);
    ASSERT_TRUE(peer_.may_read());
    EXPECT_TRUE(peer_.receive(scratch_).empty());
    EXPECT_TRUE(peer_.ended());
    EXPECT_FALSE(peer_.broken());
}

TEST_F(peer_test, sends_many_parts_in_order_whatever_the_socket_takes) {
    const auto text = pattern(3'000'000);
    proxy::outbox out;
    std::string expected, got;
    for (std::size_t at = 0; at < text.size(); at += 10'000) {
        out.forward(as_bytes(std::string_view(text).substr(at, 9'000)));
        const std::string_view own = "own message";
        out.add({own.begin(), own.end()});
        expected.append(text, at, 9'000).append(own);
    }
    peer_.send(out);
    EXPECT_TRUE(out.empty());
    EXPECT_GT(peer_.unsent(), 0u);
    for (int more = 0; more < 50; ++more) {  // always behind: the reader takes less than what is added
        std::array<char, 3000> some{};
        const auto n = ::recv(other_, some.data(), some.size(), 0);
        if (n > 0) got.append(some.data(), static_cast<std::size_t>(n));
        peer_.note(EPOLLOUT);
        peer_.send(as_bytes(std::string_view(text).substr(0, 5000)));
        expected.append(text, 0, 5000);
    }
    while (peer_.unsent() > 0) {
        got += hear();
        peer_.note(EPOLLOUT);
        peer_.flush();
    }
    got += hear();
    EXPECT_EQ(got.size(), expected.size());
    EXPECT_TRUE(got == expected);
}

TEST_F(peer_test, sends_the_end_behind_the_bytes) {
    peer_.send(as_bytes("last words"));
    peer_.shutdown_send();
    std::array<char, 32> some{};
    EXPECT_EQ(::recv(other_, some.data(), some.size(), 0), 10);
    EXPECT_EQ(::recv(other_, some.data(), some.size(), 0), 0);
}

TEST_F(peer_test, is_broken_when_nobody_reads_any_more) {
    hang_up();
    loop_.run();
    EXPECT_TRUE(peer_.reset());
    peer_.send(as_bytes("hello"));
    EXPECT_TRUE(peer_.broken());
    peer_.send(as_bytes("hello"));
    EXPECT_EQ(peer_.unsent(), 0u);
}

TEST_F(peer_test, forgets_all_when_it_is_closed) {
    say("abc");
    peer_.receive(scratch_);
    peer_.consume(1);
    peer_.close();
    EXPECT_FALSE(peer_.is_open());
    EXPECT_FALSE(peer_.may_read());
    EXPECT_TRUE(peer_.ended());
    EXPECT_TRUE(peer_.leftover().empty());
    peer_.send(as_bytes("hello"));
    EXPECT_EQ(peer_.unsent(), 0u);
    std::array<char, 8> some{};
    EXPECT_EQ(::recv(other_, some.data(), some.size(), 0), 0);
}

}  // namespace
