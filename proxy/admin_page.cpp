#include <array>

#include <openssl/evp.h>

#include "admin_page_text.hpp"
#include "proxy/admin.hpp"

// The page is one file, which loads nothing: a browser runs the script and takes the style that stand in it, by their hashes,
// and nothing that somebody may have put into a statement or a name.

namespace proxy {
namespace {

std::string_view between(std::string_view text, std::string_view from, std::string_view to) {
    const auto begin = text.find(from) + from.size();
    return text.substr(begin, text.find(to, begin) - begin);
}

// As CSP wants it: 'sha256-' and base64.
std::string hash_of(std::string_view text) {
    std::array<unsigned char, 32> digest{};
    ::EVP_Digest(text.data(), text.size(), digest.data(), nullptr, ::EVP_sha256(), nullptr);
    std::array<unsigned char, 48> base64{};
    const auto size = ::EVP_EncodeBlock(base64.data(), digest.data(), static_cast<int>(digest.size()));
    return "'sha256-" + std::string(base64.begin(), base64.begin() + size) + "'";
}

std::string policy_of_page() {
    return "default-src 'none'; script-src " + hash_of(between(admin_page_text, "<script>", "</script>")) + "; style-src " +
           hash_of(between(admin_page_text, "<style>", "</style>")) +
           "; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

}  // namespace

http_reply admin_page() {
    static const auto policy = policy_of_page();
    return {.type = "text/html; charset=utf-8", .body = std::string(admin_page_text), .fields = {{"Content-Security-Policy", policy}}};
}

}  // namespace proxy
