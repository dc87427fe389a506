#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/bytes.hpp"

// What SCRAM-SHA-256 calculates with (RFC 5802, 3; RFC 7677). Pure.

namespace proxy {

// 32 octets: a key, a signature or a proof. Wiped when it goes.
struct scram_key {
    static constexpr std::size_t size = 32;

    scram_key() = default;
    explicit scram_key(protocol::bytes octets_of);  // throws std::invalid_argument unless there are 32
    scram_key(const scram_key&) = default;
    scram_key& operator=(const scram_key&) = default;
    ~scram_key();

    std::array<std::uint8_t, size> octets{};
};

scram_key operator^(const scram_key& one, const scram_key& other);
// Takes the same time wherever they differ.
bool same(const scram_key& one, const scram_key& other) noexcept;
scram_key hmac(const scram_key& key, std::string_view text);
scram_key hash(const scram_key& key);

std::string to_base64(protocol::bytes octets);
// Nothing: it has other characters, or is not padded to whole groups of four.
std::optional<std::string> from_base64(std::string_view text);

// What a server keeps of a password (pg_authid.rolpassword): enough to verify it, not enough to log in with it.
struct scram_secret {
    std::string salt;
    unsigned iterations = 0;
    scram_key stored_key;  // H(ClientKey)
    scram_key server_key;
};

// "SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>", the last three in base64.
std::optional<scram_secret> parse_scram_secret(std::string_view text);

// A secret that no password fits, for users that have none: the same one each time that the user asks, so that it cannot
// be told from one that is there. `seed` is random, and the process'.
scram_secret mock_secret(const scram_key& seed, std::string_view user);

scram_key random_key();
// 24 printable characters.
std::string random_nonce();

}  // namespace proxy
