#include "proxy/admin_access.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace proxy {
namespace {

bool equal_words(std::string_view a, std::string_view b) {
    const auto lower = [](unsigned char c) { return std::tolower(c); };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return lower(static_cast<unsigned char>(x)) == lower(static_cast<unsigned char>(y)); });
}

// The text behind "scheme " (RFC 9110, 11.4); nothing where it is another scheme.
std::string_view credentials(std::string_view authorization, std::string_view scheme) {
    if (authorization.size() <= scheme.size() || authorization[scheme.size()] != ' ') return {};
    if (!equal_words(authorization.substr(0, scheme.size()), scheme)) return {};
    authorization.remove_prefix(scheme.size());
    authorization.remove_prefix(std::min(authorization.find_first_not_of(' '), authorization.size()));
    return authorization;
}

std::string from_base64(std::string_view text) {
    if (text.empty() || text.size() % 4 != 0 || text.size() > 4096) return {};
    std::vector<unsigned char> out(text.size() / 4 * 3);
    const auto* in = reinterpret_cast<const unsigned char*>(text.data());
    if (::EVP_DecodeBlock(out.data(), in, static_cast<int>(text.size())) < 0) return {};
    const auto padding = static_cast<std::ptrdiff_t>(text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0);
    return {out.begin(), out.end() - padding};
}

// The time does not tell how much of it is right.
bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && ::CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

// Of "name:port", "[::1]:port".
std::string_view host_name(std::string_view host) {
    if (host.starts_with('[')) return host.substr(0, std::min(host.find(']'), host.size() - 1) + 1);
    return host.substr(0, host.find(':'));
}

bool is_address(std::string_view name) {
    if (name.starts_with('[')) return true;
    return !name.empty() && name.find_first_not_of("0123456789.") == name.npos;
}

bool ours(std::string_view host, std::string_view own_name) {
    const auto name = host_name(host);
    return is_address(name) || equal_words(name, "localhost") || (!own_name.empty() && equal_words(name, own_name));
}

// Only browsers say where a request comes from, and they do so with every POST.
bool from_our_page(const http_request& r) {
    if (!r.fetch_site.empty() && r.fetch_site != "same-origin" && r.fetch_site != "none") return false;
    if (r.origin.empty()) return true;
    const auto at = r.origin.find("://");
    return at != r.origin.npos && equal_words(std::string_view(r.origin).substr(at + 3), r.host);
}

}  // namespace

std::string token_of(std::string_view authorization) {
    if (const auto bearer = credentials(authorization, "Bearer"); !bearer.empty()) return std::string(bearer);
    const auto both = from_base64(credentials(authorization, "Basic"));
    const auto colon = both.find(':');
    return colon == both.npos ? std::string() : both.substr(colon + 1);
}

admin_verdict may(const http_request& r, admin_need need, std::string_view token, std::string_view own_name) {
    using enum admin_verdict;
    if (need == admin_need::nothing) return yes;
    if (!token.empty() && !same_secret(token_of(r.authorization), token)) return no_token;
    if (need == admin_need::numbers) return yes;
    if (token.empty() && !r.local) return not_from_there;
    if (token.empty() && !ours(r.host, own_name)) return wrong_host;
    if (need == admin_need::power && !from_our_page(r)) return wrong_origin;
    return yes;
}

}  // namespace proxy
