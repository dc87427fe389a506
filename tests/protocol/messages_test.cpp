#include <gtest/gtest.h>

#include <functional>
#include <memory>

#include "protocol/backend.hpp"
#include "protocol/frame.hpp"
#include "protocol/frontend.hpp"
#include "protocol/limits.hpp"
#include "protocol/startup.hpp"

namespace {

using namespace std::string_literals;
using protocol::buffer;
using protocol::bytes;

// A message of each kind, written by hand from the manual's tables, and the decoder that must read it: nothing on success.
struct example {
    std::string name;
    std::string body;
    std::function<boost::system::error_code(bytes body)> decode;
};

protocol::frame framed(char tag, bytes body) { return {tag, body, body}; }

template <class Decoder>
auto of_client(char tag, Decoder decode) {
    return [=](bytes body) { return decode(framed(tag, body)).error(); };
}

std::vector<example> examples() {
    using namespace protocol;
    return {
        {"query", "SELECT 1\0"s, of_client('Q', decode_query)},
        {"empty_query", "\0"s, of_client('Q', decode_query)},
        {"parse", "s1\0SELECT $1\0\0\2\0\0\0\x17\0\0\0\0"s, of_client('P', decode_parse)},
        {"bind", "p\0s\0\0\1\0\1\0\2\0\0\0\3abc\xff\xff\xff\xff\0\2\0\0\0\1"s, of_client('B', decode_bind)},
        {"bind_of_nothing", "\0\0\0\0\0\0\0\0"s, of_client('B', decode_bind)},
        {"execute", "p\0\0\0\0\5"s, of_client('E', decode_execute)},
        {"close", "Sname\0"s, of_client('C', decode_close)},
        {"error", "SERROR\0VERROR\0C42601\0Mno\0\0"s, [](bytes b) { return decode_error(b).error(); }},
        {"key", "\0\0\1\2abcd"s, [](bytes b) { return decode_backend_key(b).error(); }},
        {"parameter", "TimeZone\0UTC\0"s, [](bytes b) { return decode_parameter_status(b).error(); }},
        {"row", "\0\3\0\0\0\2hi\xff\xff\xff\xff\0\0\0\0"s, [](bytes b) { return decode_data_row(b).error(); }},
    };
}

// In memory of exactly that size, so that the sanitizer sees the first byte read too far.
boost::system::error_code decoded(const example& e, std::size_t size) {
    const auto exact = std::make_unique<std::uint8_t[]>(size);
    std::copy_n(e.body.begin(), std::min(size, e.body.size()), exact.get());
    return e.decode(bytes(exact.get(), size));
}

struct messages : testing::TestWithParam<example> {};

TEST_P(messages, are_read) { EXPECT_FALSE(decoded(GetParam(), GetParam().body.size())); }

TEST_P(messages, are_refused_where_they_are_cut) {
    for (std::size_t size = 0; size < GetParam().body.size(); ++size) EXPECT_TRUE(decoded(GetParam(), size)) << "cut at " << size;
}

TEST_P(messages, are_refused_with_bytes_behind_them) {
    const std::size_t more = GetParam().name == "key" ? 253 : 1;  // a key may have up to 256
    EXPECT_TRUE(decoded(GetParam(), GetParam().body.size() + more));
}

INSTANTIATE_TEST_SUITE_P(protocol, messages, testing::ValuesIn(examples()), [](const auto& e) { return e.param.name; });

// A count that the message cannot hold is refused; nothing is reserved for it.
TEST(hostile_counts, are_refused) {
    const auto of = [](const std::string& body, auto decode) { return decode(protocol::as_bytes(body)).error(); };
    using namespace protocol;
    EXPECT_TRUE(of("\xff\xff"s, [](bytes b) { return decode_data_row(b); }));
    EXPECT_TRUE(of("\0\1\x7f\xff\xff\xff"s, [](bytes b) { return decode_data_row(b); }));
    EXPECT_TRUE(of("\0\1\xff\xff\xff\xfe"s, [](bytes b) { return decode_data_row(b); })) << "-2 is no length";
    EXPECT_TRUE(of("\0\0\xff\xff\0\0\0\0"s, [](bytes b) { return decode_bind(framed('B', b)); }));
    EXPECT_TRUE(of("\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"s, [](bytes b) { return decode_bind(framed('B', b)); }));
    EXPECT_TRUE(of("\0\0\xff\xff"s, [](bytes b) { return decode_parse(framed('P', b)); }));
}

TEST(backend_key, has_a_key_of_4_to_256_bytes) {
    for (const std::size_t size : {3, 257}) EXPECT_FALSE(protocol::decode_backend_key(protocol::as_bytes(std::string(4 + size, 'k'))));
    EXPECT_EQ(protocol::decode_backend_key(protocol::as_bytes("\0\0\1\2"s + std::string(256, 'k')))->pid, 258u);
}

// What we send is what the manual says, and reads back as it was.
TEST(encoders, write_what_the_decoders_read) {
    const auto check = [](const buffer& message, char tag) {
        const auto head = protocol::read_header(message);
        EXPECT_EQ(head.tag, tag);
        EXPECT_EQ(head.length + 1, message.size());
        return protocol::frame{tag, bytes(message).subspan(protocol::header_size), message};
    };
    const auto query = protocol::encode_query("SELECT 1");
    EXPECT_EQ(protocol::decode_query(check(query, 'Q'))->sql, "SELECT 1");
    const auto parse = protocol::encode_parse("name", "SELECT $1");
    EXPECT_EQ(protocol::decode_parse(check(parse, 'P'))->statement, "name");
    EXPECT_EQ(protocol::decode_parse(check(parse, 'P'))->sql, "SELECT $1");
    const std::vector<std::optional<std::string>> parameters{"a", std::nullopt, ""};
    const auto bind = protocol::encode_bind("portal", "name", parameters);
    EXPECT_EQ(protocol::decode_bind(check(bind, 'B'))->portal, "portal");
    EXPECT_EQ(protocol::as_text(check(bind, 'B').body), "portal\0name\0\0\0\0\3\0\0\0\1a\xff\xff\xff\xff\0\0\0\0\0\0"s);
    const auto execute = protocol::encode_execute("portal");
    EXPECT_EQ(protocol::decode_execute(check(execute, 'E'))->rows, 0u);
    const auto close = protocol::encode_close('P', "portal");
    EXPECT_EQ(protocol::decode_close(check(close, 'C'))->what, 'P');
    EXPECT_TRUE(check(protocol::encode_sync(), 'S').body.empty());
    EXPECT_TRUE(check(protocol::encode_flush(), 'H').body.empty());
    auto fields = protocol::make_error("ERROR", "LK001", "no");
    fields.set('D', "because");
    fields.set('M', "not now");
    fields.remove('V');
    const auto error = protocol::encode_error(fields);
    const auto read = protocol::decode_error(check(error, 'E').body);
    EXPECT_EQ(read->all(), fields.all());
    EXPECT_EQ(read->get('M'), "not now");
    EXPECT_EQ(read->get('V'), "");
    EXPECT_EQ(protocol::as_text(check(protocol::encode_ready('T'), 'Z').body), "T");
}

TEST(startup, is_read) {
    auto packet = "\0\0\0\x1f\0\3\0\0user\0me\0database\0shop\0\0"s;
    ASSERT_EQ(packet.size(), 0x1fu);
    const auto startup = protocol::decode_startup(protocol::as_bytes(packet));
    ASSERT_TRUE(startup);
    EXPECT_EQ(startup->version, 3u << 16);
    EXPECT_EQ(startup->parameters, (std::vector<std::pair<std::string, std::string>>{{"user", "me"}, {"database", "shop"}}));
    ++packet[3];
    EXPECT_TRUE(protocol::decode_startup(protocol::as_bytes(packet)).has_error()) << "a length that is not the packet's";
}

TEST(startup, is_refused_where_it_is_cut) {
    const auto whole = "\0\0\0\x16\0\3\0\0user\0me\0\0x"s;
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        auto cut = whole.substr(0, size);
        if (size >= 4) cut[3] = static_cast<char>(size);
        const auto exact = std::make_unique<std::uint8_t[]>(size);
        std::copy(cut.begin(), cut.end(), exact.get());
        EXPECT_EQ(protocol::decode_startup(bytes(exact.get(), size)).has_value(), size == whole.size() - 1) << size;
    }
}

TEST(limits, are_the_servers) {
    for (const char tag : {'Q', 'P', 'B', 'F', 'd'}) EXPECT_EQ(protocol::longest_frontend(tag), 0x3fffffffu) << tag;
    for (const char tag : {'E', 'D', 'C', 'H', 'S', 'X', 'c', 'f', '?'}) EXPECT_EQ(protocol::longest_frontend(tag), 10'000u) << tag;
    EXPECT_EQ(protocol::longest_frontend('p'), 65'535u);
}

}  // namespace
