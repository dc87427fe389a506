#include "proxy/hello.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {

using proxy::hello;
using what = proxy::hello::what;

protocol::buffer numbers(std::initializer_list<std::uint32_t> of) {
    protocol::buffer b;
    for (const auto n : of)
        for (int shift = 24; shift >= 0; shift -= 8) b.push_back(static_cast<std::uint8_t>(n >> shift));
    return b;
}

constexpr std::uint32_t cancel = 80877102, tls = 80877103, gss = 80877104, three = 3 << 16;

protocol::buffer startup() {
    auto b = numbers({9 + 10, three});
    for (const char c : std::string("user\0joe\0", 9) + std::string(2, '\0')) b.push_back(static_cast<std::uint8_t>(c));
    return b;
}

TEST(hello, waits_for_a_whole_packet) {
    const auto packet = startup();
    ASSERT_EQ(packet.size(), 19u);
    hello h;
    for (std::size_t n = 0; n < packet.size(); ++n) EXPECT_EQ(h.next(protocol::bytes(packet).first(n)).what, what::more) << n;
    const auto step = h.next(packet);
    EXPECT_EQ(step.what, what::startup);
    EXPECT_EQ(step.size, packet.size());
}

TEST(hello, leaves_what_stands_behind_the_startup_message) {
    auto packet = startup();
    packet.push_back('p');
    EXPECT_EQ(hello().next(packet).size, 19u);
}

TEST(hello, answers_each_request_for_encryption_once_in_any_order) {
    for (const auto& order : {std::pair{tls, gss}, std::pair{gss, tls}}) {
        hello h;
        for (const auto request : {order.first, order.second})
            EXPECT_EQ(h.next(numbers({8, request})).what, request == tls ? what::tls : what::no);
        EXPECT_EQ(h.next(startup()).what, what::startup);
        EXPECT_STREQ(h.next(numbers({8, order.first})).sqlstate, "0A000");
    }
}

TEST(hello, knows_tls_from_the_first_byte_on_but_only_there) {
    const protocol::buffer record{0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc};
    EXPECT_EQ(hello().next(protocol::bytes(record).first(1)).what, what::direct);
    hello h;
    h.next(numbers({8, tls}));
    EXPECT_STREQ(h.next(record).sqlstate, "08P01");
}

TEST(hello, is_asked_for_nothing_more_once_it_is_secured) {
    for (const auto request : {tls, gss}) {
        hello h;
        h.secured();
        EXPECT_STREQ(h.next(numbers({8, request})).sqlstate, "0A000");
    }
}

TEST(hello, takes_nothing_that_was_sent_before_the_answer) {
    auto packet = numbers({8, tls});
    packet.push_back(0);
    const auto step = hello().next(packet);
    EXPECT_EQ(step.what, what::bad);
    EXPECT_STREQ(step.sqlstate, "08P01");
}

TEST(hello, passes_on_a_cancel_request_with_a_key_of_either_length) {
    EXPECT_EQ(hello().next(numbers({16, cancel, 1, 2})).what, what::cancel);
    EXPECT_EQ(hello().next(numbers({20, cancel, 1, 2, 3})).what, what::cancel);
    EXPECT_EQ(hello().next(numbers({12, cancel, 1})).what, what::bad);
    EXPECT_EQ(hello().next(numbers({272, cancel})).what, what::bad);
}

TEST(hello, refuses_a_length_as_soon_as_it_is_there) {
    for (const std::uint32_t length : {0u, 7u, 10'005u, 0x47455420u, 0xffffffffu})
        EXPECT_STREQ(hello().next(numbers({length})).sqlstate, "08P01") << length;
    EXPECT_EQ(hello().next(numbers({10'004})).what, what::more);
}

TEST(hello, refuses_another_protocol) {
    EXPECT_STREQ(hello().next(numbers({9, 2 << 16})).sqlstate, "0A000");
    EXPECT_EQ(hello().next(numbers({9, three + 2})).what, what::more);
}

}  // namespace
