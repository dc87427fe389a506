#include "protocol/startup.hpp"

#include "protocol/limits.hpp"
#include "protocol/reader.hpp"
#include "protocol/writer.hpp"

namespace protocol {
namespace {

constexpr std::uint32_t major_version = 3;

// A reader of what stands behind the code, and the code itself; the length word has to be that of the packet.
struct opened {
    std::uint32_t code;
    reader rest;
};

result<opened> open(bytes packet) {
    reader in(packet);
    const auto length = in.int32();
    const auto code = in.int32();
    if (in.failed() || length != packet.size() || packet.size() > longest_startup) return errc::bad_length;
    return opened{code, in};
}

}  // namespace

startup_kind kind_of(std::uint32_t code) noexcept {
    switch (code) {
    case cancel_request_code: return startup_kind::cancel_request;
    case ssl_request_code: return startup_kind::ssl_request;
    case gssenc_request_code: return startup_kind::gssenc_request;
    default: return code >> 16 == major_version ? startup_kind::startup_message : startup_kind::unknown;
    }
}

// Stricter than the server in one thing: it also takes a single octet in place of the last zero.
result<startup_message> decode_startup(bytes packet) {
    auto opened = open(packet);
    if (!opened) return opened.error();
    if (kind_of(opened->code) != startup_kind::startup_message) return errc::bad_value;
    auto& in = opened->rest;
    startup_message message{.version = opened->code, .parameters = {}};
    for (auto name = in.string(); !name.empty(); name = in.string()) {
        const auto value = in.string();
        message.parameters.emplace_back(name, value);
    }
    return in.finish(std::move(message));
}

result<cancel_request> decode_cancel(bytes packet) {
    auto opened = open(packet);
    if (!opened) return opened.error();
    if (kind_of(opened->code) != startup_kind::cancel_request) return errc::bad_value;
    auto& in = opened->rest;
    cancel_request request;
    request.pid = in.int32();
    request.key = in.take(in.rest().size());
    if (!in.failed() && (request.key.size() < shortest_key || request.key.size() > longest_key)) in.fail(errc::bad_length);
    return in.finish(request);
}

buffer encode_cancel(std::string_view key) {
    auto packet = writer('\0').int32(cancel_request_code).octets(as_bytes(key)).finish();
    packet.erase(packet.begin());  // it is of the time before the first message, and has no tag
    return packet;
}

}  // namespace protocol
