#include "proxy/utf8.hpp"

#include <algorithm>

#include "config/utf8.hpp"

namespace proxy {

std::string valid_utf8(std::string_view text) {
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto length = static_cast<unsigned char>(text[at]) < 0x80 ? 1 : config::utf8_length(text.substr(at));
        if (length == 0) {
            out.append(text, done, at - done).append("\xef\xbf\xbd");
            done = at + 1;
        }
        at += std::max<std::size_t>(length, 1);
    }
    return out.append(text, done);
}

}  // namespace proxy
