#include "policy/index_name.hpp"

#include <algorithm>

namespace policy {
namespace {

constexpr std::size_t longest = 63;  // NAMEDATALEN - 1

// At most `bytes` of it, whole characters only. Names are taken to be UTF-8, as libpg_query takes them.
std::string_view clipped(std::string_view s, std::size_t bytes) noexcept {
    if (s.size() <= bytes) return s;
    while (bytes > 0 && (static_cast<unsigned char>(s[bytes]) & 0xC0u) == 0x80u) --bytes;
    return s.substr(0, bytes);
}

// Two columns of one name (expressions, say) are told apart by a number: ChooseIndexColumnNames.
std::vector<std::string> distinct(std::span<const std::string> columns) {
    std::vector<std::string> out;
    for (const auto& column : columns) {
        std::string name = column;
        for (int i = 1; std::find(out.begin(), out.end(), name) != out.end(); ++i) {
            const auto digits = std::to_string(i);
            name = std::string(clipped(column, longest - digits.size())) + digits;
        }
        out.push_back(std::move(name));
    }
    return out;
}

// ChooseIndexNameAddition: joined by underscores, and cut where it is long enough.
std::string joined(const std::vector<std::string>& columns) {
    std::string out;
    for (const auto& column : columns) {
        if (!out.empty()) out += '_';
        out += column;
        if (out.size() > longest) break;
    }
    return out;
}

// makeObjectName: the longer of the two parts gives way first.
std::string object_name(std::string_view first, std::string_view second, std::string_view label) {
    const std::size_t room = longest - label.size() - 2;
    std::size_t a = first.size(), b = second.size();
    while (a + b > room) a > b ? --a : --b;
    std::string name(clipped(first, a));
    name += '_';
    name += clipped(second, b);
    name += '_';
    name += label;
    return name;
}

}  // namespace

std::vector<std::string> index_names(std::string_view table, std::span<const std::string> columns, std::size_t count) {
    const auto parts = joined(distinct(columns));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i)
        names.push_back(object_name(table, parts, i == 0 ? "idx" : "idx" + std::to_string(i)));
    return names;
}

}  // namespace policy
