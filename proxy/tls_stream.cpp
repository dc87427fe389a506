#include "proxy/tls_stream.hpp"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>

#include "proxy/sockets.hpp"

namespace proxy {

// ---- the socket, as OpenSSL sees it: without SIGPIPE, and with what was read before

int tls_stream::read_socket(BIO* b, char* to, int size) {
    auto& me = *static_cast<tls_stream*>(::BIO_get_data(b));
    BIO_clear_retry_flags(b);
    if (!me.early_.empty()) {
        const auto count = std::min(me.early_.size(), static_cast<std::size_t>(size));
        std::copy_n(me.early_.begin(), count, to);
        me.early_.erase(me.early_.begin(), me.early_.begin() + static_cast<std::ptrdiff_t>(count));
        return static_cast<int>(count);
    }
    const std::span into(reinterpret_cast<std::uint8_t*>(to), static_cast<std::size_t>(size));
    const auto got = me.socket_ != nullptr ? me.socket_->receive(into) : ::recv(me.descriptor_, into.data(), into.size(), 0);
    if (got == 0) me.ended_ = true;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_read(b);
    return static_cast<int>(got);
}

int tls_stream::write_socket(BIO* b, const char* from, int size) {
    const auto& me = *static_cast<tls_stream*>(::BIO_get_data(b));
    BIO_clear_retry_flags(b);
    const protocol::bytes part(reinterpret_cast<const std::uint8_t*>(from), static_cast<std::size_t>(size));
    const auto sent = me.socket_ != nullptr ? me.socket_->send(std::array{part}) : ::send(me.descriptor_, part.data(), part.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) BIO_set_retry_write(b);
    return static_cast<int>(sent);
}

long tls_stream::control(BIO* b, int command, long, void*) {
    if (command == BIO_CTRL_FLUSH) return 1;
    return command == BIO_CTRL_EOF && static_cast<tls_stream*>(::BIO_get_data(b))->ended_ ? 1 : 0;
}

const BIO_METHOD* tls_stream::method() {
    static const BIO_METHOD* const made = [] {
        BIO_METHOD* m = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
        if (m == nullptr) throw std::bad_alloc();
        ::BIO_meth_set_read(m, &tls_stream::read_socket);
        ::BIO_meth_set_write(m, &tls_stream::write_socket);
        ::BIO_meth_set_ctrl(m, &tls_stream::control);
        return m;
    }();
    return made;
}

// ---- the connection

tls_stream::tls_stream(std::shared_ptr<const tls_contexts> of, SSL_CTX* context, int descriptor, protocol::bytes early)
    : contexts_(std::move(of)), descriptor_(descriptor), early_(early.begin(), early.end()), ssl_(::SSL_new(context)) {
    BIO* socket = ssl_ ? ::BIO_new(method()) : nullptr;
    if (socket == nullptr) throw std::bad_alloc();
    ::BIO_set_data(socket, this);
    ::BIO_set_init(socket, 1);
    ::SSL_set_bio(ssl_.get(), socket, socket);  // which owns it from here on
}

std::unique_ptr<tls_stream> tls_stream::accept(std::shared_ptr<const tls_contexts> of, int descriptor, protocol::bytes early) {
    auto* const context = of->clients.get();
    std::unique_ptr<tls_stream> s(new tls_stream(std::move(of), context, descriptor, early));
    ::SSL_set_accept_state(s->ssl_.get());
    return s;
}

std::unique_ptr<tls_stream> tls_stream::connect(std::shared_ptr<const tls_contexts> of, int descriptor, const std::string& host,
                                                bool verify_full) {
    auto* const context = of->server.get();
    std::unique_ptr<tls_stream> s(new tls_stream(std::move(of), context, descriptor, {}));
    ::SSL_set_connect_state(s->ssl_.get());
    const bool is_address = !literal(host, 0).empty();
    // RFC 6066, 3: an address is no server name.
    if (!is_address)
        ::SSL_ctrl(s->ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, const_cast<char*>(host.c_str()));
    if (verify_full) {
        auto* const parameters = ::SSL_get0_param(s->ssl_.get());
        ::X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (is_address)
            ::X509_VERIFY_PARAM_set1_ip_asc(parameters, host.c_str());
        else
            ::X509_VERIFY_PARAM_set1_host(parameters, host.c_str(), host.size());
    }
    return s;
}

tls_stream::outcome tls_stream::outcome_of(int result) {
    const int system = errno;
    switch (::SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return outcome::done;
    case SSL_ERROR_WANT_READ: return outcome::wants_read;
    case SSL_ERROR_WANT_WRITE: return outcome::wants_write;
    case SSL_ERROR_ZERO_RETURN: return outcome::ended;
    case SSL_ERROR_SYSCALL:
        problem_ = system != 0 ? std::strerror(system) : "the other side closed the connection";
        ::ERR_clear_error();
        return outcome::failed;
    default: break;
    }
    // Where nothing is verified the result still says what would have been found.
    const bool verifies = ::SSL_get_verify_mode(ssl_.get()) != SSL_VERIFY_NONE;
    const auto verified = ::SSL_get_verify_result(ssl_.get());
    problem_ = openssl_problem();
    if (verifies && verified != X509_V_OK) problem_ = std::string("its certificate is not good: ") + ::X509_verify_cert_error_string(verified);
    return outcome::failed;
}

tls_stream::outcome tls_stream::handshake() {
    ::ERR_clear_error();
    errno = 0;
    const auto then = outcome_of(::SSL_do_handshake(ssl_.get()));
    if (then != outcome::ended) return then;
    problem_ = "the other side closed the connection";
    return outcome::failed;
}

tls_stream::moved tls_stream::read(std::span<std::uint8_t> into) {
    moved m;
    while (m.count < into.size()) {  // a record at a time
        std::size_t count = 0;
        ::ERR_clear_error();
        errno = 0;
        const int result = ::SSL_read_ex(ssl_.get(), into.data() + m.count, into.size() - m.count, &count);
        if (result != 1) {
            m.then = outcome_of(result);
            break;
        }
        m.count += count;
    }
    return m;
}

tls_stream::moved tls_stream::write(protocol::bytes from) {
    moved m;
    while (m.count < from.size()) {
        std::size_t count = 0;
        ::ERR_clear_error();
        errno = 0;
        const int result = ::SSL_write_ex(ssl_.get(), from.data() + m.count, from.size() - m.count, &count);
        if (result != 1) {
            m.then = outcome_of(result);
            // Once the other side has ended its output, SSL_get_error reports that for a write that fails, too.
            if (m.then == outcome::ended) m.then = outcome::failed;
            break;
        }
        m.count += count;
    }
    return m;
}

void tls_stream::shut_down() noexcept {
    ::ERR_clear_error();
    ::SSL_shutdown(ssl_.get());
    ::ERR_clear_error();
}

bool tls_stream::chose_protocol() const noexcept {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    ::SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return size > 0;
}

bool same_certificate(const X509* one, const X509* other) {
    return one != nullptr && other != nullptr && ::X509_cmp(one, other) == 0;
}

std::string end_point_of(const X509* certificate) {
    if (certificate == nullptr) return {};
    int digest = NID_undef;
    // By the signature, not by its algorithm's name: an RSA-PSS certificate has the digest among its parameters.
    if (::X509_get_signature_info(const_cast<X509*>(certificate), &digest, nullptr, nullptr, nullptr) != 1 || digest == NID_undef) return {};
    if (digest == NID_md5 || digest == NID_sha1) digest = NID_sha256;
    std::array<unsigned char, EVP_MAX_MD_SIZE> octets{};
    unsigned size = 0;
    const auto* method = ::EVP_get_digestbynid(digest);
    if (method == nullptr || ::X509_digest(certificate, method, octets.data(), &size) != 1) return {};
    return {octets.begin(), octets.begin() + size};
}

std::string common_name(const X509* certificate) {
    if (certificate == nullptr) return {};
    const X509_NAME* const subject = ::X509_get_subject_name(certificate);
    const int at = ::X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at < 0) return {};
    unsigned char* text = nullptr;
    const int size = ::ASN1_STRING_to_UTF8(&text, ::X509_NAME_ENTRY_get_data(::X509_NAME_get_entry(subject, at)));
    if (size < 0) return {};
    std::string name(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
    ::OPENSSL_free(text);
    // "joe\0.example" is not joe.
    return name.find('\0') == name.npos ? name : std::string();
}

}  // namespace proxy
