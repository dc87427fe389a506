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

std::string numbered(std::string_view label, std::size_t number) {
    return std::string(label) + (number == 0 ? "" : std::to_string(number));
}

// Of a CHECK only one column counts, of a primary key none.
std::vector<std::string> columns_in_name(const constraint_words& k) {
    switch (k.kind) {
    case constraint_kind::check: {
        if (!k.expression) return {};
        auto columns = k.expression->columns;
        std::sort(columns.begin(), columns.end());
        columns.erase(std::unique(columns.begin(), columns.end()), columns.end());
        return columns.size() == 1 ? columns : std::vector<std::string>();
    }
    case constraint_kind::unique: {
        auto columns = k.columns;
        columns.insert(columns.end(), k.including.begin(), k.including.end());
        return distinct(columns);
    }
    case constraint_kind::primary_key: return {};
    default: return k.columns;
    }
}

std::string_view label_of(constraint_kind kind) noexcept {
    switch (kind) {
    case constraint_kind::check: return "check";
    case constraint_kind::foreign_key: return "fkey";
    case constraint_kind::primary_key: return "pkey";
    case constraint_kind::not_null: return "not_null";
    default: return "key";
    }
}

}  // namespace

// The longer of the two parts gives way first.
std::string object_name_of(std::string_view first, std::string_view second, std::string_view label) {
    const std::size_t room = longest - label.size() - (second.empty() ? 1 : 2);
    std::size_t a = first.size(), b = second.size();
    while (a + b > room) a > b ? --a : --b;
    std::string name(clipped(first, a));
    if (!second.empty()) (name += '_') += clipped(second, b);
    (name += '_') += label;
    return name;
}

std::vector<std::string> index_names(std::string_view table, std::span<const std::string> columns, std::size_t count) {
    const auto parts = joined(distinct(columns));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i)
        names.push_back(object_name_of(table, parts, numbered("idx", i)));
    return names;
}

std::vector<std::string> constraint_names(std::string_view table, const constraint_words& k, std::size_t count) {
    if (!k.name.empty()) return {k.name};
    const auto parts = joined(columns_in_name(k));
    std::vector<std::string> names;
    for (std::size_t i = 0; i < count; ++i) names.push_back(object_name_of(table, parts, numbered(label_of(k.kind), i)));
    return names;
}

std::string not_null_proof_name(std::string_view table, std::string_view column) {
    return object_name_of(table, column, "lockkeeper");
}

std::string partition_proof_name(std::string_view partition) { return object_name_of(partition, "partition", "lockkeeper"); }

std::vector<std::string> not_null_names(std::string_view table, const std::string& column) {
    constraint_words k;
    k.kind = constraint_kind::not_null;
    k.columns = {column};
    auto names = constraint_names(table, k, name_attempts);
    names.push_back(not_null_proof_name(table, column));
    return names;
}

}  // namespace policy
