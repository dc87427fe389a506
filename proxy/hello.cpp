#include "proxy/hello.hpp"

#include <cstdint>

namespace proxy {
namespace {

// Codes in place of a protocol version (manual 55.7).
constexpr std::uint32_t cancel_request = 80877102, ssl_request = 80877103, gss_request = 80877104;

constexpr std::size_t head = 8;                       // length and code
constexpr std::size_t longest_startup = 4 + 10'000;   // the server's own limit (MAX_STARTUP_PACKET_LENGTH)
constexpr std::size_t longest_cancel = 12 + 256;      // the key may have up to 256 octets since protocol 3.2

std::uint32_t number(protocol::bytes b) {
    return std::uint32_t{b[0]} << 24 | std::uint32_t{b[1]} << 16 | std::uint32_t{b[2]} << 8 | std::uint32_t{b[3]};
}

hello::step bad(const char* sqlstate, std::string problem) {
    return {hello::what::bad, 0, sqlstate, std::move(problem)};
}

}  // namespace

hello::step hello::next(protocol::bytes in) {
    // The type of a TLS handshake record (RFC 8446, 5.1). As the first byte of a length it would be far beyond the limit.
    constexpr std::uint8_t handshake = 0x16;
    if (!first_ && !in.empty() && in[0] == handshake) return {what::direct, 0, nullptr, {}};
    if (in.size() < 4) return {};
    const std::size_t size = number(in);
    if (size < head || size > longest_startup) return bad("08P01", "invalid length of startup packet");
    if (in.size() < head) return {};
    const auto code = number(in.subspan(4));
    const bool asks_tls = code == ssl_request, asks_gss = code == gss_request;
    if ((asks_tls && !tls_asked_) || (asks_gss && !gss_asked_)) {
        if (size != head) return bad("08P01", "invalid length of a request for encryption");
        // Whoever stands between could have put these bytes there, to be taken for the client's once the line is encrypted.
        if (in.size() > head) return bad("08P01", "received unencrypted data after a request for encryption");
        (asks_tls ? tls_asked_ : gss_asked_) = true;
        first_ = true;
        return {asks_tls ? what::tls : what::no, size, nullptr, {}};
    }
    if (code == cancel_request && (size < 16 || size > longest_cancel)) return bad("08P01", "invalid length of cancel request");
    if (code != cancel_request && code >> 16 != 3)
        return bad("0A000", "unsupported frontend protocol " + std::to_string(code >> 16) + "." +
                                std::to_string(code & 0xffff) + ": lockkeeper passes on 3.x");
    if (in.size() < size) return {};
    return {code == cancel_request ? what::cancel : what::startup, size, nullptr, {}};
}

}  // namespace proxy
