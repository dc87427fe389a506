#include "policy/quote.hpp"

#include <algorithm>

namespace policy {
namespace {

std::string doubled(std::string_view value, char quote) {
    std::string out(1, quote);
    for (char c : value) {
        if (c == quote) out += quote;
        out += c;
    }
    out += quote;
    return out;
}

bool plain(std::string_view identifier) noexcept {
    const auto lower = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
    return !identifier.empty() && lower(identifier.front()) &&
           std::all_of(identifier.begin(), identifier.end(), [&](char c) { return lower(c) || (c >= '0' && c <= '9'); });
}

}  // namespace

std::string quote_ident(std::string_view identifier) { return doubled(identifier, '"'); }

std::string quote_ident(const relation_name& name) {
    return name.schema.empty() ? policy::quote_ident(name.name) : policy::quote_ident(name.schema) + '.' + policy::quote_ident(name.name);
}

std::string readable(std::string_view identifier) {
    return plain(identifier) ? std::string(identifier) : quote_ident(identifier);
}

std::string readable(const relation_name& name) {
    return name.schema.empty() ? readable(name.name) : readable(name.schema) + '.' + readable(name.name);
}

std::string literal(std::string_view value) {
    if (value.find('\\') == std::string_view::npos) return doubled(value, '\'');
    std::string escaped;
    for (char c : value) {
        if (c == '\\') escaped += c;
        escaped += c;
    }
    return "E" + doubled(escaped, '\'');
}

}  // namespace policy
