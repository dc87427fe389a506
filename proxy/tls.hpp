#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include <openssl/ssl.h>

#include "config/settings.hpp"

namespace proxy {

struct free_openssl {
    void operator()(SSL_CTX* c) const noexcept { ::SSL_CTX_free(c); }
    void operator()(SSL* s) const noexcept { ::SSL_free(s); }
    void operator()(X509* c) const noexcept { ::X509_free(c); }
};
using x509_ptr = std::unique_ptr<X509, free_openssl>;

// What is wrong with a certificate, a key or their files; names the setting and the file, never what is in it.
struct tls_error : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Certificates and rules for one leg; many threads make connections from it.
using tls_context = std::unique_ptr<SSL_CTX, free_openssl>;

// Both legs as they are configured; a leg without TLS has none. Replaced as a whole on SIGHUP: connections keep theirs.
struct tls_contexts {
    tls_context clients, server;
};

// Reads the files. Throws tls_error.
std::shared_ptr<const tls_contexts> read_tls(const config::settings& settings);

// The server's side of a context takes its certificate from these files; `prefix` is that of their settings. Throws tls_error.
void use_own_certificate(SSL_CTX* c, const std::string& prefix, const std::string& certificate, const std::string& key);

// What OpenSSL's error queue of this thread says, in words; empties it.
std::string openssl_problem();

}  // namespace proxy
