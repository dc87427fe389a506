#include <cstdlib>

#include "proxy/gate.hpp"

// The framing of both streams, as the gate does it: the input is pieces of the client's and the server's bytes in turn.
// Whatever they hold, nothing is read that is not there, and what the gate says it has consumed was shown to it.
namespace {

struct side {
    protocol::buffer held;  // shown before and not consumed

    template <class Walk>
    void feed(protocol::bytes piece, Walk walk) {
        held.insert(held.end(), piece.begin(), piece.end());
        const protocol::buffer exact(held);  // the sanitizer sees the first byte behind it
        const auto used = walk(protocol::bytes(exact));
        if (used > exact.size()) std::abort();
        held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(used));
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    proxy::gate gate(std::make_shared<config::settings>(), {1, "fuzz"}, [](proxy::audit_record&&) { return std::string(); });
    gate.on_startup({});
    side client, server;
    proxy::outbox to_server, to_client;
    protocol::bytes in(data, size);
    while (in.size() > 1 && !gate.fatal()) {
        const bool of_client = (in[0] & 0x80) != 0;
        const auto length = std::min<std::size_t>(in[0] & 0x7f, in.size() - 1);
        const auto piece = in.subspan(1, length);
        in = in.subspan(1 + length);
        if (of_client && !gate.closed())
            client.feed(piece, [&](protocol::bytes b) { return gate.from_client(b, to_server, to_client); });
        else
            server.feed(piece, [&](protocol::bytes b) { return gate.from_server(b, to_client, to_server); });
        to_server.clear();
        to_client.clear();
    }
    gate.on_server_lost();
    return 0;
}
