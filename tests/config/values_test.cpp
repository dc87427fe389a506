#include "config/values.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace {

using namespace std::chrono_literals;

template <class Parse>
std::string complaint(Parse parse, const std::string& text) {
    try {
        parse(text);
    } catch (const std::invalid_argument& problem) {
        return problem.what();
    }
    return "none";
}

auto duration(std::chrono::milliseconds least = 0ms) {
    return [least](const std::string& text) { return config::parse_duration(text, least); };
}

auto size(std::uint64_t least = 0, std::uint64_t most = config::largest_size) {
    return [=](const std::string& text) { return config::parse_size(text, least, most); };
}

auto endpoint(std::uint16_t least_port = 0) {
    return [least_port](const std::string& text) { return config::parse_endpoint(text, least_port); };
}

TEST(dsn, without_its_password) {
    const std::pair<const char*, const char*> cases[] = {
        {"", ""},
        {"shop", "shop"},
        {"host=db user=lk dbname=shop", "host=db user=lk dbname=shop"},
        {"host=db password=secret user=lk", "host=db password=*** user=lk"},
        {"password = 'a b\\'c' host=db", "password = *** host=db"},
        {"password=a\\ b host=db", "password=*** host=db"},
        {"host='password=no' password=", "host='password=no' password=***"},
        {"sslpassword='x", "sslpassword=***"},
        {"host=db password secret=x", "host=db***"},
        {"host=db se cret", "host=db***"},
        {"postgresql://lk@db:5432/shop?sslmode=require", "postgresql://lk@db:5432/shop?sslmode=require"},
        {"postgres://lk:secret@db/shop", "postgres://lk:***@db/shop"},
        {"postgresql://lk:se@cret@db/shop", "postgresql://lk:***@db/shop"},
        {"postgresql://lk:se/cret@db/shop", "postgresql://lk:***@db/shop"},
        {"postgresql://lk:se/c?ret@db", "postgresql://lk:***@db"},
        {"postgresql://[::1]:5432/shop?application_name=a@b", "postgresql://[::1]:5432/shop?application_name=a@b"},
        {"postgresql:///shop?host=/run&password=secret&user=lk", "postgresql:///shop?host=/run&password=***&user=lk"},
    };
    for (const auto& [dsn, printed] : cases) EXPECT_EQ(config::without_password(dsn), printed);
}

TEST(duration, in_every_unit) {
    EXPECT_EQ(config::parse_duration("0"), 0ms);
    EXPECT_EQ(config::parse_duration("0s"), 0ms);
    EXPECT_EQ(config::parse_duration("500ms"), 500ms);
    EXPECT_EQ(config::parse_duration("5s"), 5s);
    EXPECT_EQ(config::parse_duration("2min"), 2min);
    EXPECT_EQ(config::parse_duration("1h"), 1h);
    EXPECT_EQ(config::parse_duration("596h"), config::longest_duration);
}

TEST(duration, other_spellings_are_errors) {
    for (const auto* text : {"", "5", "s", "5 s", " 5s", "5s ", "-5s", "+5s", "1.5s", "5sec", "5m", "5S", "0x5s", "00x", "5s5s"})
        EXPECT_EQ(complaint(duration(), text), std::string("expected a time such as 0, 500ms, 5s, 2min or 1h, not '") + text + "'");
}

TEST(duration, has_bounds) {
    EXPECT_EQ(complaint(duration(), "597h"), "expected 0 to 596h, not '597h'");
    EXPECT_EQ(complaint(duration(), "99999999999999999999s"), "expected 0 to 596h, not '99999999999999999999s'");
    EXPECT_EQ(complaint(duration(), "18446744073709551615h"), "expected 0 to 596h, not '18446744073709551615h'");
    EXPECT_EQ(complaint(duration(1ms), "0"), "expected 1ms to 596h, not '0'");
}

TEST(duration, is_printed_in_the_largest_whole_unit) {
    for (const auto* text : {"0", "1ms", "1001ms", "5s", "90s", "2min", "1h", "596h"})
        EXPECT_EQ(config::print_duration(config::parse_duration(text)), text);
    EXPECT_EQ(config::print_duration(60'000ms), "1min");
}

TEST(size, in_every_unit) {
    EXPECT_EQ(config::parse_size("0"), 0u);
    EXPECT_EQ(config::parse_size("512"), 512u);
    EXPECT_EQ(config::parse_size("64KiB"), 64u << 10);
    EXPECT_EQ(config::parse_size("8MiB"), 8u << 20);
    EXPECT_EQ(config::parse_size("3GiB"), std::uint64_t{3} << 30);
}

TEST(size, other_spellings_are_errors) {
    for (const auto* text : {"", "MiB", "8 MiB", "8MB", "8mib", "8M", "-1", "1.5GiB", "1e3"})
        EXPECT_EQ(complaint(size(), text), std::string("expected a size such as 0, 512, 64KiB, 8MiB or 1GiB, not '") + text + "'");
}

TEST(size, has_bounds) {
    EXPECT_EQ(complaint(size(1024, 1u << 30), "1023"), "expected 1KiB to 1GiB, not '1023'");
    EXPECT_EQ(complaint(size(1024, 1u << 30), "2GiB"), "expected 1KiB to 1GiB, not '2GiB'");
    EXPECT_EQ(config::parse_size("1GiB", 1024, 1u << 30), 1u << 30);
    EXPECT_NE(complaint(size(), "18446744073709551615GiB"), "none");
}

TEST(size, is_printed_in_the_largest_whole_unit) {
    for (const auto* text : {"0", "1", "1025", "64KiB", "8MiB", "1GiB"}) EXPECT_EQ(config::print_size(config::parse_size(text)), text);
    EXPECT_EQ(config::print_size(1024), "1KiB");
}

TEST(endpoint, in_every_spelling) {
    const auto is = [](const std::string& text, const std::string& host, int port) {
        const auto e = config::parse_endpoint(text);
        EXPECT_EQ(e.host, host) << text;
        EXPECT_EQ(e.port, port) << text;
    };
    is("db.example.com:5432", "db.example.com", 5432);
    is("127.0.0.1:6432", "127.0.0.1", 6432);
    is("[::1]:5432", "::1", 5432);
    is("[fe80::1%eth0]:1", "fe80::1%eth0", 1);
    is("*:6432", "*", 6432);
    is("6432", "127.0.0.1", 6432);
    is("localhost:0", "localhost", 0);
    is("/run/postgresql:5432", "/run/postgresql", 5432);
}

TEST(endpoint, other_spellings_are_errors) {
    for (const auto* text : {":5432", "::1:5432", "[]:5432", "[::1:5432", "::1]:5432", "a b:5432", "http://db:5432"})
        EXPECT_EQ(complaint(endpoint(), text), std::string("expected host:port, not '") + text + "'");
    for (const auto* text : {"", "localhost", "localhost:", "db:x", "db:65536", "db:-1", "[::1]"})
        EXPECT_NE(complaint(endpoint(), text), "none") << text;
    EXPECT_EQ(complaint(endpoint(1), "db:0"), "expected a number from 1 to 65535, not '0'");
}

TEST(endpoint, is_printed_as_it_is_read) {
    EXPECT_EQ(config::print_endpoint({"::1", 5432}), "'[::1]:5432'");
    EXPECT_EQ(config::print_endpoint({"*", 0}), "'*:0'");
}

TEST(text, is_one_line) {
    EXPECT_EQ(config::parse_text("/var/log/it's.jsonl"), "/var/log/it's.jsonl");
    EXPECT_EQ(config::print_text("it's"), "'it''s'");
    for (const auto* text : {"a\nb", "a\tb", "\x7f"})
        EXPECT_EQ(complaint(config::parse_text, text), "expected a text without line breaks and control characters");
}

TEST(words, are_read_and_printed) {
    for (const auto* text : {"observe", "guard", "enforce"}) EXPECT_EQ(config::print(config::parse_mode(text)), text);
    for (const auto* text : {"allow", "warn", "rewrite", "reject"}) EXPECT_EQ(config::print(config::parse_action(text)), text);
    for (const auto* text : {"guard", "reject"}) EXPECT_EQ(config::print(config::parse_unparseable(text)), text);
    for (const auto* text : {"reject", "defer", "split"}) EXPECT_EQ(config::print(config::parse_transactions(text)), text);
    for (const auto* text : {"none", "table"}) EXPECT_EQ(config::print(config::parse_ledger(text)), text);
    EXPECT_EQ(complaint(config::parse_mode, "Enforce"), "expected one of observe, guard, enforce, not 'Enforce'");
    EXPECT_TRUE(config::parse_bool("true"));
    EXPECT_FALSE(config::parse_bool("false"));
    EXPECT_EQ(complaint(config::parse_bool, "yes"), "expected true or false, not 'yes'");
}

TEST(count, has_bounds) {
    const auto count = [](const std::string& text) { return config::parse_count(text, 1, 64); };
    EXPECT_EQ(count("1"), 1u);
    EXPECT_EQ(count("64"), 64u);
    for (const auto* text : {"", "0", "65", "-1", "1.0", "0x10", "two", "99999999999999999999"})
        EXPECT_EQ(complaint(count, text), std::string("expected a number from 1 to 64, not '") + text + "'");
}

}  // namespace
