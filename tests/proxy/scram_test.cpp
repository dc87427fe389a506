#include <openssl/evp.h>

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "protocol/reader.hpp"
#include "protocol/writer.hpp"
#include "proxy/scram_client.hpp"
#include "proxy/scram_secret.hpp"
#include "proxy/scram_server.hpp"

namespace {

using namespace std::string_literals;
using protocol::as_bytes;
using protocol::as_text;
using proxy::scram_client;
using proxy::scram_key;
using proxy::scram_secret;
using proxy::scram_server;

scram_key salted(std::string_view password, std::string_view salt, unsigned iterations) {
    scram_key k;
    EXPECT_EQ(::PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), as_bytes(salt).data(), static_cast<int>(salt.size()),
                                  static_cast<int>(iterations), ::EVP_sha256(), scram_key::size, k.octets.data()), 1);
    return k;
}
scram_secret secret_of(std::string_view password, std::string salt, unsigned iterations = 4096) {
    const auto k = salted(password, salt, iterations);
    return {std::move(salt), iterations, hash(hmac(k, "Client Key")), hmac(k, "Server Key")};
}
scram_key client_key_of(std::string_view password, const scram_secret& s) { return hmac(salted(password, s.salt, s.iterations), "Client Key"); }

// RFC 7677, 3: user "user", password "pencil".
const std::string client_nonce = "rOprNGfwEbeRWgbNEkqO", server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
const std::string client_first = "n,,n=user,r=" + client_nonce;
const std::string server_first = "r=" + client_nonce + server_nonce + ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
const std::string final_without_proof = "c=biws,r=" + client_nonce + server_nonce;
const std::string client_final = final_without_proof + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
const std::string server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
const scram_secret pencil = secret_of("pencil", proxy::from_base64("W22ZaJ0SNY7soEsUEjb6gQ==").value());
const std::string certificate(32, '\7');

std::string initial(std::string_view mechanism, const std::string& first) {
    const auto m = protocol::writer('p').string(mechanism).sized(first).finish();
    return std::string(as_text(m).substr(5));
}
std::string number(std::uint32_t n) { return std::string(as_text(protocol::writer('x').int32(n).finish()).substr(5)); }
std::string body_of(const protocol::buffer& message) { return message.size() < 5 ? ""s : std::string(as_text(message).substr(5)); }
std::string said(const protocol::buffer& message) { return message.size() < 9 ? ""s : std::string(as_text(message).substr(9)); }

scram_server server(std::string end_point = {}, bool genuine = true) {
    return {{"user", pencil, genuine}, std::move(end_point), server_nonce};
}
scram_client client(std::string end_point = {}, scram_secret secret = pencil) {
    return {{"user", secret, client_key_of("pencil", pencil)}, std::move(end_point), "ours"};
}

// What becomes of a first message: "", or SQLSTATE and words of the refusal.
std::string told(const scram_server::step& s) {
    if (!s.fatal) return "";
    return std::string(s.fatal->get('C')) + " " + std::string(s.fatal->get('M')) + "|" + std::string(s.fatal->get('D'));
}
std::string told(const scram_client::step& s) { return s.fatal ? std::string(s.fatal->get('C')) + " " + std::string(s.fatal->get('M')) : ""; }

// ---- secrets

TEST(scram_secret, is_read_as_the_server_keeps_it) {
    const auto text = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$" + proxy::to_base64(pencil.stored_key.octets) + ":" +
                      proxy::to_base64(pencil.server_key.octets);
    const auto s = proxy::parse_scram_secret(text);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->salt, pencil.salt);
    EXPECT_EQ(s->iterations, 4096u);
    EXPECT_TRUE(same(s->stored_key, pencil.stored_key));
    EXPECT_TRUE(same(s->server_key, pencil.server_key));
    EXPECT_FALSE(proxy::parse_scram_secret(text + "="));
    EXPECT_FALSE(proxy::parse_scram_secret(text.substr(0, text.size() - 4)));
    for (const auto* wrong : {"", "md5c3f0f5c1d9a6f0a3c6c3f0f5c1d9a6f0", "secret", "SCRAM-SHA-256$", "SCRAM-SHA-256$4096:W22Z$AAAA:AAAA",
                              "SCRAM-SHA-1$4096:W22Z$AAAA:AAAA"})
        EXPECT_FALSE(proxy::parse_scram_secret(wrong)) << wrong;
    for (const auto* iterations : {"0", "-1", "x", "", "99999999999", "4096 "}) {
        auto changed = text;
        EXPECT_FALSE(proxy::parse_scram_secret(changed.replace(14, 4, iterations))) << iterations;
    }
}

TEST(scram_secret, base64_is_strict) {
    for (const std::string& octets : {""s, "a"s, "ab"s, "abc"s, "\0\xff\0\xff"s})
        EXPECT_EQ(proxy::from_base64(proxy::to_base64(as_bytes(octets))), octets);
    for (const auto* text : {"a", "ab", "abc", "ab=c", "a===", "====", "ab c", " abc", "abc\n", "abc-", "abcd="})
        EXPECT_FALSE(proxy::from_base64(text)) << text;
}

TEST(scram_secret, of_nobody_is_the_same_each_time_and_anothers_is_not) {
    const auto seed = proxy::random_key();
    const auto once = mock_secret(seed, "ann"), again = mock_secret(seed, "ann"), other = mock_secret(seed, "joe");
    EXPECT_EQ(once.salt, again.salt);
    EXPECT_EQ(once.salt.size(), 16u);
    EXPECT_EQ(once.iterations, 4096u);
    EXPECT_NE(once.salt, other.salt);
    EXPECT_NE(once.salt, mock_secret(proxy::random_key(), "ann").salt);
}

// ---- the server's side

TEST(scram_server, takes_the_proof_of_rfc_7677) {
    auto s = server();
    EXPECT_EQ(body_of(s.offer()), number(10) + "SCRAM-SHA-256\0\0"s);
    EXPECT_EQ(body_of(s.on_response(as_bytes(initial("SCRAM-SHA-256", client_first))).reply), number(11) + server_first);
    EXPECT_FALSE(s.client_key());
    EXPECT_EQ(body_of(s.on_response(as_bytes(client_final)).reply), number(12) + server_final);
    ASSERT_TRUE(s.client_key());
    EXPECT_TRUE(same(*s.client_key(), client_key_of("pencil", pencil)));
    EXPECT_EQ(told(s.on_response(as_bytes(client_final))), "08P01 unexpected SASL response|");
}

TEST(scram_server, takes_the_first_message_in_a_second_packet) {
    auto s = server();
    EXPECT_EQ(body_of(s.on_response(as_bytes("SCRAM-SHA-256\0\xff\xff\xff\xff"s)).reply), number(11));
    EXPECT_EQ(said(s.on_response(as_bytes(client_first)).reply), server_first);
    EXPECT_EQ(said(s.on_response(as_bytes(client_final)).reply), server_final);
}

TEST(scram_server, tells_a_wrong_password_and_no_user_in_the_same_words) {
    auto wrong = client_final;
    wrong[wrong.size() - 3] = 'R';
    for (const auto& [genuine, final] : {std::pair{true, wrong}, {false, client_final}, {false, wrong}}) {
        auto s = server({}, genuine);
        s.on_response(as_bytes(initial("SCRAM-SHA-256", client_first)));
        EXPECT_EQ(told(s.on_response(as_bytes(final))), "28P01 password authentication failed for user \"user\"|");
        EXPECT_FALSE(s.client_key());
        EXPECT_FALSE(told(s.on_response(as_bytes(client_final))).empty()) << "there is one try";
    }
}

TEST(scram_server, offers_channel_binding_where_there_is_a_certificate) {
    EXPECT_EQ(body_of(server(certificate).offer()), number(10) + "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"s);
    EXPECT_EQ(told(server().on_response(as_bytes(initial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc")))),
              "08P01 client selected an invalid SASL authentication mechanism|");
}

TEST(scram_server, refuses_flags_that_do_not_fit) {
    struct offered {
        std::string end_point, mechanism, first, told;
    };
    const auto plain = "SCRAM-SHA-256"s, plus = "SCRAM-SHA-256-PLUS"s;
    const offered cases[] = {
        {"", plain, "y,,n=,r=abc", ""},
        {certificate, plain, "n,,n=,r=abc", ""},
        {certificate, plus, "p=tls-server-end-point,,n=,r=abc", ""},
        {certificate, plain, "y,,n=,r=abc", "28000 SCRAM channel binding negotiation error"},
        {certificate, plus, "n,,n=,r=abc", "08P01 malformed SCRAM message|The client selected SCRAM-SHA-256-PLUS, but"},
        {certificate, plus, "y,,n=,r=abc", "08P01 malformed SCRAM message|The client selected SCRAM-SHA-256-PLUS, but"},
        {certificate, plain, "p=tls-server-end-point,,n=,r=abc", "08P01 malformed SCRAM message|The client selected SCRAM-SHA-256 without"},
        {certificate, plus, "p=tls-unique,,n=,r=abc", "08P01 unsupported SCRAM channel-binding type"},
        {certificate, plus, "p=tls-server-end-pointed,,n=,r=abc", "08P01 unsupported SCRAM channel-binding type"},
        {certificate, plus, "p", "08P01 unsupported SCRAM channel-binding type"},
        {"", plain, "", "08P01 malformed SCRAM message|The message is empty."},
        {"", plain, "n,,n=,r=a\0c"s, "08P01 malformed SCRAM message|Message length does not match"},
        {"", plain, "x,,n=,r=abc", "08P01 malformed SCRAM message|Unexpected channel-binding flag \"x\"."},
        {"", plain, "\xff", "08P01 malformed SCRAM message|Unexpected channel-binding flag \"0xff\"."},
        {"", plain, "n", "08P01 malformed SCRAM message|Comma expected, but found the end."},
        {"", plain, "nn,n=,r=abc", "08P01 malformed SCRAM message|Comma expected, but found character \"n\"."},
        {"", plain, "n,", "08P01 malformed SCRAM message|Unexpected attribute"},
        {"", plain, "n,a=joe,n=,r=abc", "0A000 client uses authorization identity"},
        {"", plain, "n,,m=x,n=,r=abc", "0A000 client requires an unsupported SCRAM extension"},
        {"", plain, "n,,r=abc", "08P01 malformed SCRAM message|Expected attribute \"n\"."},
        {"", plain, "n,,n,r=abc", "08P01 malformed SCRAM message|Expected character \"=\""},
        {"", plain, "n,,n=", "08P01 malformed SCRAM message|Expected attribute \"r\"."},
        {"", plain, "n,,n=,r=a\x7f", "08P01 non-printable characters in SCRAM nonce"},
        {"", plain, "n,,n=,r=abc,x=y,z=", ""},
        {"", plain, "n,,n=,r=abc,x", "08P01 malformed SCRAM message|Expected character \"=\""},
        {"", "SCRAM-SHA-1", "n,,n=,r=abc", "08P01 client selected an invalid SASL authentication mechanism"},
    };
    for (const auto& c : cases) {
        auto s = server(c.end_point);
        const auto step = s.on_response(as_bytes(initial(c.mechanism, c.first)));
        EXPECT_TRUE(told(step).starts_with(c.told)) << c.first << ": " << told(step);
        EXPECT_EQ(told(step).empty(), c.told.empty()) << c.first;
    }
}

TEST(scram_server, refuses_packets_that_are_none) {
    for (const auto& packet : {""s, "SCRAM-SHA-256"s, "SCRAM-SHA-256\0"s, "SCRAM-SHA-256\0\0\0\0\7n,,"s, initial("SCRAM-SHA-256", client_first) + "x"}) {
        auto s = server();
        EXPECT_EQ(told(s.on_response(as_bytes(packet))), "08P01 invalid message format|");
    }
}

TEST(scram_server, refuses_last_messages_that_do_not_fit) {
    const auto proof = ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="s;
    const std::pair<std::string, std::string> cases[] = {
        {"", "08P01 malformed SCRAM message|The message is empty."},
        {"c=biws", "08P01 malformed SCRAM message|Expected attribute \"r\"."},
        {final_without_proof, "08P01 malformed SCRAM message|"},
        {final_without_proof + ",p=", "08P01 malformed SCRAM message|Malformed proof"},
        {final_without_proof + ",p=dHzb", "08P01 malformed SCRAM message|Malformed proof"},
        {client_final + ",x=y", "08P01 malformed SCRAM message|Garbage found"},
        {"c=eSws,r=" + client_nonce + server_nonce + proof, "08P01 unexpected SCRAM channel-binding attribute"},
        {"c=biws,r=" + client_nonce + proof, "08P01 invalid SCRAM response|Nonce does not match."},
        {"c=biws,r=" + client_nonce + server_nonce + "x" + proof, "08P01 invalid SCRAM response|Nonce does not match."},
        {final_without_proof + ",x=y" + proof, "28P01 "},
    };
    for (const auto& [message, words] : cases) {
        auto s = server();
        s.on_response(as_bytes(initial("SCRAM-SHA-256", client_first)));
        EXPECT_TRUE(told(s.on_response(as_bytes(message))).starts_with(words)) << message;
        EXPECT_FALSE(s.client_key());
    }
}

TEST(scram_server, tells_where_the_client_sees_another_certificate) {
    auto s = server(certificate);
    s.on_response(as_bytes(initial("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc")));
    const auto other = proxy::to_base64(as_bytes("p=tls-server-end-point,," + std::string(32, '\6')));
    const auto final = "c=" + other + ",r=abc" + server_nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
    EXPECT_EQ(told(s.on_response(as_bytes(final))), "28000 SCRAM channel binding check failed|");
}

// ---- the client's side

TEST(scram_client, logs_in_with_the_key_that_the_server_side_has_found) {
    for (const auto& end_point : {""s, certificate}) {
        auto s = server(end_point);
        auto c = client(end_point);
        auto step = c.on_authentication(as_bytes(body_of(s.offer())));
        EXPECT_TRUE(body_of(step.answer).starts_with(end_point.empty() ? "SCRAM-SHA-256\0"s : "SCRAM-SHA-256-PLUS\0"s));
        for (int turn = 0; turn < 2; ++turn) {
            const auto reply = s.on_response(as_bytes(body_of(step.answer)));
            EXPECT_EQ(told(reply), "");
            step = c.on_authentication(as_bytes(body_of(reply.reply)));
            EXPECT_EQ(told(step), "");
        }
        ASSERT_TRUE(s.client_key());
        EXPECT_TRUE(same(*s.client_key(), client_key_of("pencil", pencil)));
        EXPECT_TRUE(c.on_authentication(as_bytes(number(0))).over);
    }
}

TEST(scram_client, says_whether_it_would_bind) {
    const auto offer = number(10) + "SCRAM-SHA-256\0\0"s, both = number(10) + "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"s;
    const auto flag = [](scram_client c, const std::string& list) {
        const auto answer = body_of(c.on_authentication(as_bytes(list)).answer);
        return answer.substr(answer.find('\0') + 5, 2);
    };
    EXPECT_EQ(flag(client(), offer), "n,");
    EXPECT_EQ(flag(client(), both), "n,");
    EXPECT_EQ(flag(client(certificate), offer), "y,");
    EXPECT_EQ(flag(client(certificate), both), "p=");
}

TEST(scram_client, is_let_in_without_a_password) {
    EXPECT_TRUE(client().on_authentication(as_bytes(number(0))).over);
}

TEST(scram_client, refuses_what_needs_the_password) {
    for (const std::uint32_t method : {3u, 5u, 7u, 9u, 77u}) {
        const auto step = client().on_authentication(as_bytes(number(method)));
        EXPECT_TRUE(told(step).starts_with("28000 the server does not ask user \"user\" for SCRAM")) << method;
        EXPECT_TRUE(step.answer.empty());
    }
    EXPECT_TRUE(told(client().on_authentication(as_bytes(number(10) + "OAUTHBEARER\0\0"s))).starts_with("28000 "));
}

TEST(scram_client, keeps_its_proof_where_the_servers_secret_is_another) {
    for (const auto& other : {"r=ours+,s=" + proxy::to_base64(as_bytes("elsewhere")) + ",i=4096", "r=ours+,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4097"s}) {
        auto c = client();
        c.on_authentication(as_bytes(number(10) + "SCRAM-SHA-256\0\0"s));
        const auto step = c.on_authentication(as_bytes(number(11) + other));
        EXPECT_TRUE(told(step).starts_with("28P01 the server does not take the secret")) << other;
        EXPECT_TRUE(step.answer.empty());
    }
}

TEST(scram_client, refuses_a_server_that_does_not_prove_itself) {
    const auto first = number(11) + "r=ours+,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
    const auto begun = [&](bool final) {
        auto c = client();
        c.on_authentication(as_bytes(number(10) + "SCRAM-SHA-256\0\0"s));
        if (final) {
            EXPECT_EQ(told(c.on_authentication(as_bytes(first))), "");
        }
        return c;
    };
    EXPECT_TRUE(told(begun(false).on_authentication(as_bytes(number(0)))).ends_with("it did not prove that it knows the secret"));
    EXPECT_TRUE(told(begun(true).on_authentication(as_bytes(number(0)))).ends_with("it did not prove that it knows the secret"));
    EXPECT_TRUE(told(begun(true).on_authentication(as_bytes(number(12) + server_final))).starts_with("08006 the server could not prove"));
    for (const auto& other : {"e=invalid-proof"s, "v="s, ""s, "v=abcd"s})
        EXPECT_TRUE(told(begun(true).on_authentication(as_bytes(number(12) + other))).ends_with("it does not show a signature")) << other;
    for (const auto& out_of_turn : {number(12) + server_final, number(10) + "SCRAM-SHA-256\0\0"s})
        EXPECT_TRUE(told(begun(false).on_authentication(as_bytes(out_of_turn))).ends_with("a message comes out of turn"));
    EXPECT_FALSE(told(client().on_authentication(as_bytes(first))).empty());
    for (const auto& odd : {"r=ours,s=AAAA,i=4096"s, "r=other,s=AAAA,i=1"s, "r=ours+,s=A,i=1"s, "m=x,r=ours+,s=AAAA,i=1"s, ""s})
        EXPECT_TRUE(told(begun(false).on_authentication(as_bytes(number(11) + odd))).starts_with("08006 ")) << odd;
    EXPECT_TRUE(told(client().on_authentication(as_bytes("\0\0"s))).starts_with("08006 "));
}

TEST(scram_client, explains_a_refusal_of_its_proof_only) {
    const auto error = body_of(protocol::encode_error(protocol::make_error("FATAL", "28P01", "password authentication failed for user \"user\"")));
    const auto other = body_of(protocol::encode_error(protocol::make_error("FATAL", "28000", "no pg_hba.conf entry")));
    auto c = client();
    EXPECT_FALSE(c.on_error(as_bytes(error)));
    c.on_authentication(as_bytes(number(10) + "SCRAM-SHA-256\0\0"s));
    EXPECT_TRUE(c.on_error(as_bytes(error)));
    EXPECT_FALSE(c.on_error(as_bytes(other)));
    EXPECT_FALSE(c.on_error(as_bytes("M"s)));
}

}  // namespace
