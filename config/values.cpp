#include "config/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <stdexcept>
#include <utility>

namespace config {
namespace {

using unit = std::pair<std::string_view, std::uint64_t>;

constexpr std::array<unit, 4> time_units{{{"h", 3'600'000}, {"min", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr std::array<unit, 4> size_units{{{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"", 1}}};

std::string print_with_unit(std::uint64_t value, std::span<const unit> units) {
    for (const auto& [name, factor] : units)
        if (value != 0 && value % factor == 0) return std::to_string(value / factor) + std::string(name);
    return "0";
}

// A number and one of the units; a bare 0 needs none.
std::uint64_t parse_with_unit(const std::string& text, std::span<const unit> units, const char* expected, std::uint64_t least,
                              std::uint64_t most) {
    std::uint64_t count = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, failed] = std::from_chars(text.data(), end, count);
    const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
    const auto known = std::find_if(units.begin(), units.end(), [&](const unit& u) { return u.first == suffix; });
    const bool bare_zero = count == 0 && suffix.empty() && rest != text.data();
    const bool spelled = rest != text.data() && (known != units.end() || bare_zero);
    if (!spelled) throw std::invalid_argument(std::string("expected ") + expected + ", not '" + text + "'");
    const auto factor = bare_zero ? 1 : known->second;
    if (failed == std::errc{} && count <= most / factor && count * factor >= least) return count * factor;
    throw std::invalid_argument("expected " + print_with_unit(least, units) + " to " + print_with_unit(most, units) + ", not '" +
                                text + "'");
}

template <class Enum, std::size_t N>
Enum parse_word(const std::string& text, const std::array<std::pair<std::string_view, Enum>, N>& words) {
    std::string expected;
    for (const auto& [word, value] : words) {
        if (text == word) return value;
        expected += (expected.empty() ? "" : ", ") + std::string(word);
    }
    throw std::invalid_argument("expected one of " + expected + ", not '" + text + "'");
}

template <class Enum, std::size_t N>
std::string print_word(Enum value, const std::array<std::pair<std::string_view, Enum>, N>& words) {
    for (const auto& [word, v] : words)
        if (v == value) return std::string(word);
    return {};
}

constexpr std::array<std::pair<std::string_view, mode>, 3> modes{
    {{"observe", mode::observe}, {"guard", mode::guard}, {"enforce", mode::enforce}}};
constexpr std::array<std::pair<std::string_view, action>, 4> actions{
    {{"allow", action::allow}, {"warn", action::warn}, {"rewrite", action::rewrite}, {"reject", action::reject}}};
constexpr std::array<std::pair<std::string_view, transactions>, 3> ways_in_transactions{
    {{"reject", transactions::reject}, {"defer", transactions::defer}, {"split", transactions::split}}};
constexpr std::array<std::pair<std::string_view, ledger>, 2> ledgers{{{"none", ledger::none}, {"table", ledger::table}}};
constexpr std::array<std::pair<std::string_view, audit_failure>, 2> audit_failures{
    {{"refuse", audit_failure::refuse}, {"continue", audit_failure::go_on}}};
constexpr std::array<std::pair<std::string_view, unparseable>, 2> unparseables{
    {{"guard", unparseable::guard}, {"reject", unparseable::reject}}};
constexpr std::array<std::pair<std::string_view, client_tls>, 5> client_modes{{{"disable", client_tls::disable},
                                                                               {"allow", client_tls::allow},
                                                                               {"require", client_tls::require},
                                                                               {"verify-ca", client_tls::verify_ca},
                                                                               {"verify-full", client_tls::verify_full}}};
constexpr std::array<std::pair<std::string_view, server_tls>, 5> server_modes{{{"disable", server_tls::disable},
                                                                               {"prefer", server_tls::prefer},
                                                                               {"require", server_tls::require},
                                                                               {"verify-ca", server_tls::verify_ca},
                                                                               {"verify-full", server_tls::verify_full}}};
constexpr std::array<std::pair<std::string_view, auth_mode>, 2> auth_modes{{{"pass", auth_mode::pass}, {"scram", auth_mode::scram}}};
constexpr std::array<std::pair<std::string_view, tls_version>, 2> versions{
    {{"TLSv1.2", tls_version::tls_1_2}, {"TLSv1.3", tls_version::tls_1_3}}};
constexpr std::array<std::pair<std::string_view, session_attrs>, 5> attrs{{{"any", session_attrs::any},
                                                                           {"read-write", session_attrs::read_write},
                                                                           {"read-only", session_attrs::read_only},
                                                                           {"primary", session_attrs::primary},
                                                                           {"standby", session_attrs::standby}}};

}  // namespace

std::chrono::milliseconds parse_duration(const std::string& text, std::chrono::milliseconds least) {
    const auto bound = [](std::chrono::milliseconds m) { return static_cast<std::uint64_t>(m.count()); };
    return std::chrono::milliseconds(parse_with_unit(text, time_units, "a time such as 0, 500ms, 5s, 2min or 1h", bound(least),
                                                     bound(longest_duration)));
}
std::string print_duration(std::chrono::milliseconds value) {
    return print_with_unit(static_cast<std::uint64_t>(value.count()), time_units);
}
std::uint64_t parse_size(const std::string& text, std::uint64_t least, std::uint64_t most) {
    return parse_with_unit(text, size_units, "a size such as 0, 512, 64KiB, 8MiB or 1GiB", least, most);
}
std::string print_size(std::uint64_t value) { return print_with_unit(value, size_units); }

std::uint64_t parse_count(const std::string& text, std::uint64_t least, std::uint64_t most) {
    std::uint64_t value = 0;
    const auto* const end = text.data() + text.size();
    const auto [rest, failed] = std::from_chars(text.data(), end, value);
    if (failed == std::errc{} && rest == end && value >= least && value <= most) return value;
    throw std::invalid_argument("expected a number from " + std::to_string(least) + " to " + std::to_string(most) +
                                ", not '" + text + "'");
}

bool parse_bool(const std::string& text) {
    if (text == "true" || text == "false") return text == "true";
    throw std::invalid_argument("expected true or false, not '" + text + "'");
}

std::string print_bool(bool value) { return value ? "true" : "false"; }

std::string parse_text(const std::string& text) {
    const bool plain = std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; });
    if (plain) return text;
    throw std::invalid_argument("expected a text without line breaks and control characters");
}

std::string print_text(const std::string& value) {
    std::string out = "'";
    for (const char c : value) out.append(c == '\'' ? 2 : 1, c);
    return out + "'";
}

endpoint parse_endpoint(const std::string& text, std::uint16_t least_port) {
    const auto colon = text.rfind(':');
    auto host = colon == std::string::npos ? "127.0.0.1" : text.substr(0, colon);
    const auto port = colon == std::string::npos ? text : text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    // Without brackets nobody can tell where an IPv6 address ends and the port begins (RFC 3986, 3.2.2).
    const bool unclear = !bracketed && host.find_first_of(":[]") != std::string::npos;
    if (host.empty() || unclear || host.find(' ') != std::string::npos)
        throw std::invalid_argument("expected host:port, not '" + text + "'");
    return {parse_text(host), static_cast<std::uint16_t>(parse_count(port, least_port, 65535))};
}

std::string print_endpoint(const endpoint& e) {
    const bool literal6 = e.host.find(':') != std::string::npos;
    return print_text((literal6 ? "[" + e.host + "]" : e.host) + ":" + std::to_string(e.port));
}

mode parse_mode(const std::string& text) { return parse_word(text, modes); }
std::string print(mode m) { return print_word(m, modes); }
action parse_action(const std::string& text) { return parse_word(text, actions); }
std::string print(action a) { return print_word(a, actions); }
transactions parse_transactions(const std::string& text) { return parse_word(text, ways_in_transactions); }
unparseable parse_unparseable(const std::string& text) { return parse_word(text, unparseables); }
std::string print(client_tls t) { return print_word(t, client_modes); }
client_tls parse_client_tls(const std::string& text) { return parse_word(text, client_modes); }
std::string print(server_tls t) { return print_word(t, server_modes); }
server_tls parse_server_tls(const std::string& text) { return parse_word(text, server_modes); }
std::string print(auth_mode m) { return print_word(m, auth_modes); }
auth_mode parse_auth_mode(const std::string& text) { return parse_word(text, auth_modes); }
std::string print(tls_version v) { return print_word(v, versions); }
tls_version parse_tls_version(const std::string& text) { return parse_word(text, versions); }
std::string print(session_attrs a) { return print_word(a, attrs); }
session_attrs parse_session_attrs(const std::string& text) { return parse_word(text, attrs); }

std::vector<endpoint> hosts_of(const upstream& u) {
    std::vector<endpoint> all;
    std::size_t at = 0;
    do {
        const auto comma = std::min(u.host.find(',', at), u.host.size());
        auto host = u.host.substr(at, comma - at);
        at = comma + 1;
        auto port = u.port;
        const bool literal6 = host.starts_with('[');
        const auto colon = host.find(':', literal6 ? std::min(host.find(']'), host.size()) : 0);
        // A bare IPv6 address has more than one colon, and a path may have any.
        const bool has_port = colon != host.npos && host.find(':', colon + 1) == host.npos && !host.starts_with('/');
        if (has_port) port = static_cast<std::uint16_t>(parse_count(host.substr(colon + 1), 1, 65535));
        if (has_port) host.resize(colon);
        if (literal6 && host.ends_with(']')) host = host.substr(1, host.size() - 2);
        if (host.empty()) throw std::invalid_argument("expected a host, or several with commas between them, not '" + u.host + "'");
        all.push_back({std::move(host), port});
    } while (at <= u.host.size());
    return all;
}
ledger parse_ledger(const std::string& text) { return parse_word(text, ledgers); }
std::string print(ledger l) { return print_word(l, ledgers); }
audit_failure parse_audit_failure(const std::string& text) { return parse_word(text, audit_failures); }
std::string print(audit_failure f) { return print_word(f, audit_failures); }
std::string print(transactions t) { return print_word(t, ways_in_transactions); }
std::string print(unparseable u) { return print_word(u, unparseables); }

}  // namespace config
