#include "policy/encoding.hpp"

#include <algorithm>

namespace policy {
namespace {

std::size_t length_at(std::string_view rest, wide_characters how) noexcept {
    const auto first = static_cast<unsigned char>(rest[0]);
    if (first < 0x80) return 1;
    switch (how) {
    case wide_characters::none: return 1;
    case wide_characters::sjis: return first >= 0xa1 && first <= 0xdf ? 1 : 2;
    case wide_characters::two_bytes: return 2;
    case wide_characters::johab: return first == 0x8f ? 3 : 2;
    case wide_characters::gb18030: return rest.size() > 1 && rest[1] >= '0' && rest[1] <= '9' ? 4 : 2;
    }
    return 1;
}

}  // namespace

wide_characters wide_characters_of(std::string_view name) noexcept {
    if (name == "SJIS" || name == "SHIFT_JIS_2004") return wide_characters::sjis;
    if (name == "BIG5" || name == "GBK" || name == "UHC") return wide_characters::two_bytes;
    if (name == "JOHAB") return wide_characters::johab;
    if (name == "GB18030") return wide_characters::gb18030;
    return wide_characters::none;
}

std::string masked(std::string_view sql, wide_characters how) {
    std::string text(sql);
    for (std::size_t at = 0; at < text.size();) {
        const auto length = std::min(length_at(sql.substr(at), how), text.size() - at);
        for (std::size_t i = 0; length > 1 && i < length; ++i) text[at + i] = static_cast<char>(text[at + i] | 0x80);
        at += length;
    }
    return text;
}

}  // namespace policy
