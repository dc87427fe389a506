#include <cstdlib>

#include "protocol/startup.hpp"
#include "protocol/writer.hpp"
#include "proxy/hello.hpp"

// Any bytes as the first packets of a connection: each step makes progress, asks for more, or ends it. It must not throw,
// for any input; a StartupMessage that is understood, written again, gives the same bytes.
namespace {

void check_same(const protocol::startup_message& startup, protocol::bytes packet) {
    protocol::writer again('\0');  // a packet has no tag, else it is a message like others
    again.int32(startup.version);
    for (const auto& [name, value] : startup.parameters) again.string(name).string(value);
    const auto message = again.int8(0).finish();
    if (protocol::as_text(message).substr(1) != protocol::as_text(packet)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    protocol::bytes in(data, size);
    (void)protocol::decode_cancel(in);
    if (const auto startup = protocol::decode_startup(in)) check_same(*startup, in);
    proxy::hello hello;
    for (;;) {
        const auto step = hello.next(in);
        using what = proxy::hello::what;
        if (step.what == what::more || step.what == what::bad) return 0;
        if (step.what == what::direct && !in.empty()) return 0;  // what follows is TLS, and no packet
        if (step.size == 0 || step.size > in.size()) std::abort();
        // What hello lets through as a request to cancel is one.
        if (step.what == what::cancel && !protocol::decode_cancel(in.first(step.size))) std::abort();
        if (step.what != what::no && step.what != what::tls) return 0;
        in = in.subspan(step.size);
    }
}
