#include "protocol/startup.hpp"

#include "protocol/reader.hpp"

namespace protocol {

result<startup_message> decode_startup(bytes packet) {
    reader in(packet);
    if (in.u32() != packet.size()) return errc::bad_length;
    startup_message out;
    out.version = in.u32();
    while (!in.bad()) {
        const auto name = in.string();
        if (in.bad() || name.empty()) break;
        const auto value = in.string();
        if (in.bad()) break;
        out.parameters.emplace_back(name, value);
    }
    return in.finish(std::move(out));
}

}  // namespace protocol
