#include <algorithm>
#include <array>

#include "config/values.hpp"

// Connection strings, as far as hiding their secrets goes: libpq's manual, "Connection Strings".

namespace config {
namespace {

constexpr std::string_view hidden = "***", blanks = " \t\n\r\f\v";

bool is_secret(std::string_view keyword) {
    constexpr std::array secrets{"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"};
    return std::any_of(secrets.begin(), secrets.end(), [&](auto one) { return keyword == one; });
}

// Where the value that begins at `at` ends: behind its closing quote, or before a blank.
std::size_t end_of_value(std::string_view text, std::size_t at) {
    const bool quoted = at < text.size() && text[at] == '\'';
    for (auto i = quoted ? at + 1 : at; i < text.size(); ++i) {
        if (text[i] == '\\') ++i;
        else if (quoted && text[i] == '\'') return i + 1;
        else if (!quoted && blanks.find(text[i]) != blanks.npos) return i;
    }
    return text.size();
}

std::size_t skip_blanks(std::string_view text, std::size_t at) { return std::min(text.find_first_not_of(blanks, at), text.size()); }

// What is no list of keyword = value is not told from there on: anything in it may be a piece of a password.
std::string of_keywords(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {
        const auto equals = text.find('=', at);
        if (equals == text.npos) return text.find_first_not_of(blanks, at) == text.npos ? out : out + std::string(hidden);
        const auto name = skip_blanks(text, at);
        const auto keyword = text.substr(name, std::min(text.find_first_of(" \t\n\r\f\v=", name), text.size()) - name);
        if (skip_blanks(text, name + keyword.size()) != equals) return out + std::string(hidden);
        const auto value = skip_blanks(text, equals + 1);
        const auto end = end_of_value(text, value);
        out += text.substr(at, value - at);
        out += is_secret(keyword) ? hidden : text.substr(value, end - value);
        at = end;
    }
    return out;
}

std::string of_parameters(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const auto one = text.substr(0, text.find('&'));
        const auto equals = one.find('=');
        out += equals != one.npos && is_secret(one.substr(0, equals)) ? std::string(one.substr(0, equals + 1)) + std::string(hidden) : std::string(one);
        text.remove_prefix(one.size());
        if (text.empty()) break;
        out += '&';
        text.remove_prefix(1);
    }
    return out;
}

// scheme://user:password@host/database?parameters. An @ or / that should have been written %40 or %2F belongs to the password.
std::string of_uri(std::string_view text) {
    const auto begin = text.find("://") + 3;
    auto authority = std::min(text.find_first_of("/?", begin), text.size());
    auto at = text.substr(begin, authority - begin).rfind('@');
    const auto colon = text.substr(begin, authority - begin).find(':');
    if (at == text.npos && colon != text.npos) {
        at = text.substr(begin).rfind('@');
        if (at != text.npos && text[begin] != '[') authority = std::min(text.find_first_of("/?", begin + at), text.size());
        else at = text.npos;
    }
    std::string out(text.substr(0, begin));
    if (at != text.npos && colon != text.npos && colon < at) out.append(text.substr(begin, colon + 1)).append(hidden).append(text.substr(begin + at, authority - begin - at));
    else out.append(text.substr(begin, authority - begin));
    const auto parameters = text.find('?', authority);
    if (parameters == text.npos) return out.append(text.substr(authority));
    return out.append(text.substr(authority, parameters + 1 - authority)).append(of_parameters(text.substr(parameters + 1)));
}

}  // namespace

std::string without_password(const std::string& dsn) {
    if (dsn.starts_with("postgresql://") || dsn.starts_with("postgres://")) return of_uri(dsn);
    return dsn.find('=') == dsn.npos ? dsn : of_keywords(dsn);
}

}  // namespace config
