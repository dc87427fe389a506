#include "proxy/tls.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <cstring>
#include <string_view>

#include "config/agreement.hpp"

namespace proxy {
namespace {

// RFC 7301; the name is PostgreSQL's (manual 55.2.10). Its length stands before it.
constexpr std::string_view alpn = "\x0apostgresql";

[[noreturn]] void fail(const std::string& setting, const std::string& file, const std::string& what) {
    throw tls_error(setting + ": " + file + ": " + what);
}

// Never asks at the terminal; a key with a passphrase is refused by what OpenSSL says then.
int no_passphrase(char*, int, int, void*) { return -1; }

tls_context make_context(const SSL_METHOD* method, config::tls_version least) {
    tls_context c(::SSL_CTX_new(method));
    if (!c) throw tls_error("cannot prepare TLS: " + openssl_problem());
    ::SSL_CTX_set_min_proto_version(c.get(), least == config::tls_version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION);
    // Many a client closes without close_notify; the protocol inside says where it ends.
    ::SSL_CTX_set_options(c.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
    // An idle connection keeps no buffers; what was not sent is kept elsewhere when the send is tried again.
    ::SSL_CTX_set_mode(c.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    ::SSL_CTX_set_read_ahead(c.get(), 1);
    ::SSL_CTX_set_default_passwd_cb(c.get(), no_passphrase);
    return c;
}

void use_certificate(SSL_CTX* c, const std::string& prefix, const std::string& certificate, const std::string& key) {
    if (::SSL_CTX_use_certificate_chain_file(c, certificate.c_str()) != 1)
        fail(prefix + "certificate", certificate, "no certificate in PEM could be read from it: " + openssl_problem());
    if (::SSL_CTX_use_PrivateKey_file(c, key.c_str(), SSL_FILETYPE_PEM) == 1) return;
    const bool other = ERR_GET_REASON(::ERR_peek_error()) == X509_R_KEY_VALUES_MISMATCH;
    const auto why = openssl_problem();
    fail(prefix + "key", key, other ? "it is not the key of the certificate in " + certificate
                                    : "no private key in PEM without a passphrase could be read from it: " + why);
}

void use_authorities(SSL_CTX* c, const std::string& setting, const std::string& file) {
    const bool read = file == "system" ? ::SSL_CTX_set_default_verify_paths(c) == 1
                                       : ::SSL_CTX_load_verify_file(c, file.c_str()) == 1;
    if (!read) fail(setting, file, "no certificate in PEM could be read from it: " + openssl_problem());
}

int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
    unsigned char* found = nullptr;
    const auto* ours = reinterpret_cast<const unsigned char*>(alpn.data());
    const auto result = ::SSL_select_next_proto(&found, size, ours, static_cast<unsigned>(alpn.size()), offered, offered_size);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

tls_context for_clients(const config::tls& t) {
    using enum config::client_tls;
    if (t.client == disable) return nullptr;
    if (const auto wrong = config::disagreement(t)) throw tls_error(*wrong);
    auto c = make_context(::TLS_server_method(), t.min_version);
    use_certificate(c.get(), "tls.", t.certificate, t.key);
    ::SSL_CTX_set_alpn_select_cb(c.get(), choose_protocol, nullptr);
    ::SSL_CTX_set_options(c.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
    static constexpr std::string_view id = "lockkeeper";
    ::SSL_CTX_set_session_id_context(c.get(), reinterpret_cast<const unsigned char*>(id.data()), static_cast<unsigned>(id.size()));
    if (!t.ca.empty()) {
        use_authorities(c.get(), "tls.ca", t.ca);
        ::SSL_CTX_set_client_CA_list(c.get(), ::SSL_load_client_CA_file(t.ca.c_str()));
    }
    const bool must = t.client == verify_ca || t.client == verify_full;
    // As the server does: with an authority at hand a certificate is asked for, and a wrong one is refused.
    if (!t.ca.empty()) ::SSL_CTX_set_verify(c.get(), SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
    return c;
}

tls_context for_server(const config::upstream& u, config::tls_version least) {
    using enum config::server_tls;
    if (u.tls == disable) return nullptr;
    if (const auto wrong = config::disagreement(u)) throw tls_error(*wrong);
    auto c = make_context(::TLS_client_method(), least);
    if (!u.tls_certificate.empty()) use_certificate(c.get(), "upstream.tls_", u.tls_certificate, u.tls_key);
    const bool verify = u.tls == verify_ca || u.tls == verify_full;
    if (!u.tls_ca.empty()) use_authorities(c.get(), "upstream.tls_ca", u.tls_ca);
    if (verify) ::SSL_CTX_set_verify(c.get(), SSL_VERIFY_PEER, nullptr);
    return c;
}

}  // namespace

void use_own_certificate(SSL_CTX* c, const std::string& prefix, const std::string& certificate, const std::string& key) {
    ::SSL_CTX_set_default_passwd_cb(c, no_passphrase);
    use_certificate(c, prefix, certificate, key);
}

std::shared_ptr<const tls_contexts> read_tls(const config::settings& settings) {
    auto both = std::make_shared<tls_contexts>();
    both->clients = for_clients(settings.tls);
    both->server = for_server(settings.upstream, settings.tls.min_version);
    return both;
}

// The first reason is the one that a person can use; those behind it say where in the library it was noticed.
std::string openssl_problem() {
    const auto first = ::ERR_get_error();
    ::ERR_clear_error();
    if (first == 0) return "no reason given";
    if (const char* reason = ::ERR_reason_error_string(first)) return reason;
    if (ERR_SYSTEM_ERROR(first)) return std::strerror(ERR_GET_REASON(first));
    return "error " + std::to_string(first);
}

}  // namespace proxy
