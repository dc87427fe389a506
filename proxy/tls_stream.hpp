#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

#include "protocol/bytes.hpp"
#include "proxy/edge_socket.hpp"
#include "proxy/tls.hpp"

namespace proxy {

// TLS on a non-blocking socket that somebody else owns and watches (edge-triggered: a call goes on until it `wants`).
class tls_stream {
public:
    // The client leg. `early` is what of the handshake was read already.
    static std::unique_ptr<tls_stream> accept(std::shared_ptr<const tls_contexts> of, int descriptor, protocol::bytes early = {});
    // The server leg. `host` is the name that was configured: told to the server (SNI), and its certificate must have it
    // under verify_full.
    static std::unique_ptr<tls_stream> connect(std::shared_ptr<const tls_contexts> of, int descriptor, const std::string& host,
                                               bool verify_full);
    tls_stream(const tls_stream&) = delete;
    tls_stream& operator=(const tls_stream&) = delete;

    // From now on it reads and writes by way of this, which has the same descriptor.
    void go_through(edge_socket& s) noexcept { socket_ = &s; }

    enum class outcome {
        done,
        wants_read,   // nothing more before the socket is readable
        wants_write,  // ... writable
        ended,        // end of input
        failed,       // problem() says why
    };
    outcome handshake();

    struct moved {
        std::size_t count = 0;
        outcome then = outcome::done;
    };
    moved read(std::span<std::uint8_t> into);
    // What was not taken must stand at the front of the next write.
    moved write(protocol::bytes from);
    void shut_down() noexcept;  // close_notify

    const std::string& problem() const noexcept { return problem_; }
    bool chose_protocol() const noexcept;  // by ALPN
    x509_ptr peer_certificate() const noexcept { return x509_ptr(::SSL_get1_peer_certificate(ssl_.get())); }
    const X509* own_certificate() const noexcept { return ::SSL_get_certificate(ssl_.get()); }
    std::string version() const { return ::SSL_get_version(ssl_.get()); }

private:
    tls_stream(std::shared_ptr<const tls_contexts> of, SSL_CTX* context, int descriptor, protocol::bytes early);
    outcome outcome_of(int result);
    static int read_socket(BIO* b, char* to, int size);
    static int write_socket(BIO* b, const char* from, int size);
    static long control(BIO* b, int command, long number, void* pointer);
    static const BIO_METHOD* method();

    std::shared_ptr<const tls_contexts> contexts_;
    int descriptor_;
    edge_socket* socket_ = nullptr;  // null: the descriptor itself
    protocol::buffer early_;  // is read before the socket is
    bool ended_ = false;      // the socket has
    std::unique_ptr<SSL, free_openssl> ssl_;
    std::string problem_;
};

bool same_certificate(const X509* one, const X509* other);

// The channel binding tls-server-end-point (RFC 5929, 4.1): a digest of the certificate. Empty where there is none for its
// kind of signature (Ed25519), or no certificate.
std::string end_point_of(const X509* certificate);

// The common name of a certificate; empty where it has none, or one with a NUL in it.
std::string common_name(const X509* certificate);

}  // namespace proxy
