#include "protocol/startup.hpp"
#include <algorithm>
namespace protocol {
result<startup_message> decode_startup(bytes b) {
    startup_message m;
    if (b.size() < 9) return errc::truncated_field;
    m.version = std::uint32_t(b[4])<<24|std::uint32_t(b[5])<<16|std::uint32_t(b[6])<<8|b[7];
    b = b.subspan(8);
    const auto text = [&]() -> std::string { auto e = std::find(b.begin(), b.end(), 0); std::string s(b.begin(), e); b = e == b.end() ? bytes{} : b.subspan(static_cast<std::size_t>(e - b.begin()) + 1); return s; };
    while (!b.empty() && b[0] != 0) { auto n = text(); m.parameters.emplace_back(n, text()); }
    return m;
}
}
