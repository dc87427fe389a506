#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "config/settings.hpp"

namespace config {

// The spellings of one kind of value. parse throws std::invalid_argument with what was expected; print writes what parse
// reads back to the same value.

// 0, 500ms, 5s, 2min, 1h. The longest is what PostgreSQL's own timeouts, a C int of milliseconds, can hold.
constexpr std::chrono::milliseconds longest_duration = std::chrono::hours(596);
std::chrono::milliseconds parse_duration(const std::string& text, std::chrono::milliseconds least = {});
std::string print_duration(std::chrono::milliseconds value);

// 0, 512, 64KiB, 8MiB, 1GiB; plain numbers are bytes.
constexpr std::uint64_t largest_size = std::uint64_t{1} << 62;
std::uint64_t parse_size(const std::string& text, std::uint64_t least = 0, std::uint64_t most = largest_size);
std::string print_size(std::uint64_t value);

std::uint64_t parse_count(const std::string& text, std::uint64_t least, std::uint64_t most);
bool parse_bool(const std::string& text);
std::string print_bool(bool value);

// One line of text, printed in single quotes.
std::string parse_text(const std::string& text);
std::string print_text(const std::string& value);

// A connection string as libpq takes it, keywords or a URI, its passwords replaced by ***.
std::string without_password(const std::string& dsn);

// "host:port", "[::1]:port", or "port" alone: of 127.0.0.1.
endpoint parse_endpoint(const std::string& text, std::uint16_t least_port = 0);
std::string print_endpoint(const endpoint& e);

mode parse_mode(const std::string& text);
std::string print(mode m);
std::string print(action a);
action parse_action(const std::string& text);
std::string print(unparseable u);
unparseable parse_unparseable(const std::string& text);
std::string print(transactions t);
transactions parse_transactions(const std::string& text);
std::string print(ledger l);
ledger parse_ledger(const std::string& text);
std::string print(audit_failure f);
audit_failure parse_audit_failure(const std::string& text);
std::string print(client_tls t);
client_tls parse_client_tls(const std::string& text);
std::string print(server_tls t);
server_tls parse_server_tls(const std::string& text);
std::string print(auth_mode m);
auth_mode parse_auth_mode(const std::string& text);
std::string print(tls_version v);
tls_version parse_tls_version(const std::string& text);
std::string print(session_attrs a);
session_attrs parse_session_attrs(const std::string& text);

// The hosts of upstream.host, each with its port. Throws std::invalid_argument.
std::vector<endpoint> hosts_of(const upstream& u);

}  // namespace config
