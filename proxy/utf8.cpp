#include "proxy/utf8.hpp"

#include <algorithm>

namespace proxy {
namespace {

// Length of the character that begins at `at`; 0 where the bytes are no UTF-8 (RFC 3629, 4).
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto first = byte(at), second = byte(at + 1);
    const bool leads = first < 0x80 || (first >= 0xc2 && first < 0xf5);
    const std::size_t length = !leads ? 0 : first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(at + i) & 0xc0) != 0x80) return 0;
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool no_character = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
    return overlong || no_character ? 0 : length;
}

}  // namespace

std::string valid_utf8(std::string_view text) {
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto length = static_cast<unsigned char>(text[at]) < 0x80 ? 1 : utf8_length(text, at);
        if (length == 0) {
            out.append(text, done, at - done).append("\xef\xbf\xbd");
            done = at + 1;
        }
        at += std::max<std::size_t>(length, 1);
    }
    return out.append(text, done);
}

}  // namespace proxy
