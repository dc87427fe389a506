#include "proxy/tls_stream.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "certificates.hpp"
#include "proxy/peer.hpp"

namespace {

using protocol::as_bytes;
using protocol::as_text;
using outcome = proxy::tls_stream::outcome;

config::settings both_legs(const certificate_files& own, config::server_tls mode = config::server_tls::require) {
    config::settings s;
    s.tls.client = config::client_tls::allow;
    s.tls.certificate = own.certificate();
    s.tls.key = own.key();
    s.upstream.tls = mode;
    s.upstream.tls_ca = own.certificate();
    return s;
}

struct silent final : proxy::event_loop::watcher {
    void on_ready(std::uint32_t) override {}
};

// The two ends of one connection: the one that accepts TLS, and the one that asks for it.
class tls_pair {
public:
    explicit tls_pair(const config::settings& s, const std::string& host = "db") : contexts_(proxy::read_tls(s)) {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
        accepting.open(ends[0], loop_, watcher_);
        accepting.accept_tls(contexts_);
        asking_stream_ = proxy::tls_stream::connect(contexts_, ends[1], host, s.upstream.tls == config::server_tls::verify_full);
        asking_descriptor_ = ends[1];
    }
    ~tls_pair() {
        if (asking_stream_) ::close(asking_descriptor_);
    }

    // Turn by turn until neither goes on; the outcome of the one that asks.
    outcome shake_hands() {
        auto asked = outcome::wants_read;
        for (int turn = 0; turn < 10 && asked == outcome::wants_read; ++turn) {
            asked = asking_stream_->handshake();
            accepting.note(EPOLLIN | EPOLLOUT);
            accepted = accepting.handshake();
        }
        problem = asking_stream_->problem();
        if (asked == outcome::done) asking.open(asking_descriptor_, loop_, watcher_, std::move(asking_stream_));
        return asked;
    }
    static std::string hear(proxy::peer& at) {
        std::vector<std::uint8_t> scratch(64 * 1024);
        std::string all;
        at.note(EPOLLIN | EPOLLOUT);
        while (at.may_read()) {
            const auto in = at.receive(scratch);
            all += as_text(in);
            at.consume(in.size());
        }
        return all;
    }

    outcome accepted = outcome::wants_read;
    std::string problem;

private:
    std::shared_ptr<const proxy::tls_contexts> contexts_;
    proxy::event_loop loop_;
    silent watcher_;
    std::unique_ptr<proxy::tls_stream> asking_stream_;
    int asking_descriptor_ = -1;

public:
    proxy::peer accepting, asking;
};

std::string pattern(std::size_t size) {
    std::string s(size, 0);
    for (std::size_t i = 0; i < size; ++i) s[i] = static_cast<char>('a' + i * 7 % 26 + i / 4096 % 3);
    return s;
}

TEST(tls, carries_bytes_both_ways_whatever_the_socket_takes) {
    const certificate_files own("carries");
    tls_pair line(both_legs(own));
    ASSERT_EQ(line.shake_hands(), outcome::done);
    ASSERT_EQ(line.accepted, outcome::done);
    const auto text = pattern(3'000'000);
    for (auto [from, to] : {std::pair{&line.asking, &line.accepting}, std::pair{&line.accepting, &line.asking}}) {
        proxy::outbox out;
        for (std::size_t at = 0; at < text.size(); at += 10'000) out.add({text.begin() + static_cast<long>(at), text.begin() + static_cast<long>(at + 10'000)});
        from->send(out);
        EXPECT_GT(from->unsent(), 0u);
        std::string got;
        for (int turn = 0; got.size() < text.size() && turn < 10'000; ++turn) {
            got += tls_pair::hear(*to);
            from->note(EPOLLOUT);
            from->send(as_bytes(""));
            from->flush();
        }
        EXPECT_TRUE(got == text) << got.size();
    }
}

TEST(tls, ends_with_the_bytes_before_the_end) {
    const certificate_files own("ends");
    tls_pair line(both_legs(own));
    ASSERT_EQ(line.shake_hands(), outcome::done);
    line.asking.send(as_bytes("last words"));
    line.asking.shutdown_send();
    EXPECT_EQ(tls_pair::hear(line.accepting), "last words");
    EXPECT_TRUE(line.accepting.ended());
    EXPECT_FALSE(line.accepting.broken());
    line.accepting.send(as_bytes("an answer"));
    EXPECT_EQ(tls_pair::hear(line.asking), "an answer");
}

TEST(tls, takes_an_end_without_close_notify_for_an_end) {
    const certificate_files own("cut");
    tls_pair line(both_legs(own));
    ASSERT_EQ(line.shake_hands(), outcome::done);
    ::shutdown(line.asking.socket().descriptor(), SHUT_WR);
    EXPECT_EQ(tls_pair::hear(line.accepting), "");
    EXPECT_TRUE(line.accepting.ended());
    EXPECT_FALSE(line.accepting.broken());
}

TEST(tls, trusts_whom_it_is_told_to_and_by_what_name) {
    const certificate_files own("db"), others("others");
    using enum config::server_tls;
    EXPECT_EQ(tls_pair(both_legs(own, verify_full), "db").shake_hands(), outcome::done);
    EXPECT_EQ(tls_pair(both_legs(own, verify_ca), "other").shake_hands(), outcome::done);
    tls_pair misnamed(both_legs(own, verify_full), "other");
    EXPECT_EQ(misnamed.shake_hands(), outcome::failed);
    EXPECT_EQ(misnamed.problem, "its certificate is not good: hostname mismatch");
    auto settings = both_legs(own, verify_ca);
    settings.upstream.tls_ca = others.certificate();
    EXPECT_EQ(tls_pair(settings).shake_hands(), outcome::failed);
    settings.upstream.tls = require;
    EXPECT_EQ(tls_pair(settings).shake_hands(), outcome::done);
}

TEST(tls, knows_its_own_certificate_again) {
    const certificate_files own("mine");
    tls_pair line(both_legs(own));
    ASSERT_EQ(line.shake_hands(), outcome::done);
    const auto seen = line.asking.tls()->peer_certificate();
    EXPECT_TRUE(proxy::same_certificate(seen.get(), line.accepting.tls()->own_certificate()));
    EXPECT_FALSE(proxy::same_certificate(seen.get(), line.accepting.tls()->peer_certificate().get())) << "the other side shows none";
    EXPECT_EQ(proxy::common_name(seen.get()), "mine");
    EXPECT_EQ(proxy::common_name(nullptr), "");
}

// Signed with this digest; null: with Ed25519, which has none of its own.
std::size_t size_of_end_point(const EVP_MD* digest) {
    const std::unique_ptr<EVP_PKEY, decltype(&::EVP_PKEY_free)> key(digest ? ::EVP_EC_gen("P-256") : ::EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                                                   &::EVP_PKEY_free);
    const proxy::x509_ptr made(::X509_new());
    ::X509_set_pubkey(made.get(), key.get());
    EXPECT_GT(::X509_sign(made.get(), key.get(), digest), 0);
    return proxy::end_point_of(made.get()).size();
}

// RFC 5929, 4.1.
TEST(tls, binds_to_a_certificate_by_the_digest_of_its_signature) {
    EXPECT_EQ(size_of_end_point(::EVP_sha1()), 32u) << "SHA-256 in place of what is too weak";
    EXPECT_EQ(size_of_end_point(::EVP_sha256()), 32u);
    EXPECT_EQ(size_of_end_point(::EVP_sha384()), 48u);
    EXPECT_EQ(size_of_end_point(::EVP_sha512()), 64u);
    EXPECT_EQ(size_of_end_point(nullptr), 0u);
    EXPECT_TRUE(proxy::end_point_of(nullptr).empty());
}

TEST(tls, says_what_is_wrong_with_a_file_and_not_what_is_in_it) {
    const certificate_files own("one"), other("two");
    const auto problem = [](const config::settings& s) -> std::string {
        try {
            proxy::read_tls(s);
        } catch (const proxy::tls_error& e) {
            return e.what();
        }
        return {};
    };
    auto s = both_legs(own);
    EXPECT_EQ(problem(s), "");
    s.tls.key = other.key();
    EXPECT_EQ(problem(s), "tls.key: " + other.key() + ": it is not the key of the certificate in " + own.certificate());
    s.tls.key = own.certificate();
    EXPECT_EQ(problem(s).find("tls.key: " + own.certificate() + ": no private key in PEM"), 0u);
    s = both_legs(own);
    s.upstream.tls = config::server_tls::verify_full;
    s.upstream.tls_ca = "";
    EXPECT_NE(problem(s).find("upstream.tls_ca"), std::string::npos);
    s = both_legs(own);
    s.upstream.tls_key = own.key();
    EXPECT_NE(problem(s).find("upstream.tls_certificate"), std::string::npos);
}

}  // namespace
