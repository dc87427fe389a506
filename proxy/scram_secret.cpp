#include "proxy/scram_secret.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace proxy {
namespace {

constexpr unsigned mock_iterations = 4096;  // PostgreSQL's own default (scram_iterations)
constexpr std::size_t mock_salt_size = 16;  // ... and its length of a salt

void fill_randomly(std::uint8_t* to, std::size_t size) {
    if (::RAND_bytes(to, static_cast<int>(size)) != 1) throw std::runtime_error("OpenSSL has no random numbers");
}

// Cuts `rest` behind the first `end`; nothing where there is none.
std::optional<std::string_view> cut(std::string_view& rest, char end) {
    const auto at = rest.find(end);
    if (at == rest.npos) return std::nullopt;
    const auto part = rest.substr(0, at);
    rest.remove_prefix(at + 1);
    return part;
}

std::optional<scram_key> key_of(std::string_view text) {
    auto octets = from_base64(text);
    std::optional<scram_key> key;
    if (octets && octets->size() == scram_key::size) key.emplace(protocol::as_bytes(*octets));
    if (octets) ::OPENSSL_cleanse(octets->data(), octets->size());
    return key;
}

}  // namespace

scram_key::scram_key(protocol::bytes octets_of) {
    if (octets_of.size() != size) throw std::invalid_argument("a key of SCRAM-SHA-256 has 32 octets");
    std::copy(octets_of.begin(), octets_of.end(), octets.begin());
}

scram_key::~scram_key() { ::OPENSSL_cleanse(octets.data(), octets.size()); }

scram_key operator^(const scram_key& one, const scram_key& other) {
    scram_key both = one;
    for (std::size_t i = 0; i < both.octets.size(); ++i) both.octets[i] ^= other.octets[i];
    return both;
}

bool same(const scram_key& one, const scram_key& other) noexcept {
    return ::CRYPTO_memcmp(one.octets.data(), other.octets.data(), scram_key::size) == 0;
}

scram_key hmac(const scram_key& key, std::string_view text) {
    scram_key out;
    unsigned size = 0;
    const auto octets = protocol::as_bytes(text);
    if (::HMAC(::EVP_sha256(), key.octets.data(), static_cast<int>(scram_key::size), octets.data(), octets.size(), out.octets.data(),
               &size) == nullptr)
        throw std::runtime_error("OpenSSL cannot calculate HMAC-SHA-256");
    return out;
}

scram_key hash(const scram_key& key) {
    scram_key out;
    if (::EVP_Digest(key.octets.data(), scram_key::size, out.octets.data(), nullptr, ::EVP_sha256(), nullptr) != 1)
        throw std::runtime_error("OpenSSL cannot calculate SHA-256");
    return out;
}

std::string to_base64(protocol::bytes octets) {
    std::string text(4 * ((octets.size() + 2) / 3) + 1, '\0');  // EVP_EncodeBlock ends it with a NUL
    const int size = ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets.data(), static_cast<int>(octets.size()));
    text.resize(static_cast<std::size_t>(size));
    return text;
}

// EVP_DecodeBlock skips blanks and counts the padding as octets: both are ours to see to.
std::optional<std::string> from_base64(std::string_view text) {
    const auto padding = text.ends_with("==") ? 2u : text.ends_with("=") ? 1u : 0u;
    const auto is_digit = [](char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';
    };
    if (text.size() % 4 != 0 || !std::all_of(text.begin(), text.end() - padding, is_digit)) return std::nullopt;
    std::string octets(text.size() / 4 * 3, '\0');
    const int size = ::EVP_DecodeBlock(reinterpret_cast<unsigned char*>(octets.data()),
                                       reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    if (size < 0) return std::nullopt;
    octets.resize(static_cast<std::size_t>(size) - padding);
    return octets;
}

std::optional<scram_secret> parse_scram_secret(std::string_view text) {
    const auto mechanism = cut(text, '$');
    const auto iterations = cut(text, ':');
    const auto salt = cut(text, '$');
    const auto stored = cut(text, ':');
    if (!mechanism || *mechanism != "SCRAM-SHA-256" || !iterations || !salt || !stored) return std::nullopt;
    scram_secret secret;
    const auto* const end = iterations->data() + iterations->size();
    const auto [rest, failed] = std::from_chars(iterations->data(), end, secret.iterations);
    auto octets = from_base64(*salt);
    const auto stored_key = key_of(*stored), server_key = key_of(text);
    if (failed != std::errc{} || rest != end || secret.iterations == 0 || !octets || octets->empty() || !stored_key || !server_key)
        return std::nullopt;
    secret.salt = std::move(*octets);
    secret.stored_key = *stored_key;
    secret.server_key = *server_key;
    return secret;
}

scram_secret mock_secret(const scram_key& seed, std::string_view user) {
    const auto of_user = [&](std::string_view what) { return hmac(seed, std::string(what).append(user)); };
    const auto salt = of_user("salt ");
    return {.salt = std::string(protocol::as_text(salt.octets).substr(0, mock_salt_size)),
            .iterations = mock_iterations,
            .stored_key = of_user("StoredKey "),
            .server_key = of_user("ServerKey ")};
}

scram_key random_key() {
    scram_key key;
    fill_randomly(key.octets.data(), key.octets.size());
    return key;
}

std::string random_nonce() {
    std::array<std::uint8_t, 18> octets{};  // as many as PostgreSQL takes
    fill_randomly(octets.data(), octets.size());
    return to_base64(octets);
}

}  // namespace proxy
