#include <cstdlib>

#include "proxy/scram_client.hpp"
#include "proxy/scram_secret.hpp"
#include "proxy/scram_server.hpp"

// Any bytes as the messages of one side of SCRAM, to each of the two machines, and as a secret. None throws; nobody is let
// in without a proof, and no server is believed without one.
namespace {

using protocol::bytes;

void check(bool holds) {
    if (!holds) std::abort();
}

// The next message: an octet of length, and as many octets of body.
bytes cut(bytes& in) {
    const auto size = std::min<std::size_t>(in.empty() ? 0 : in[0], in.empty() ? 0 : in.size() - 1);
    const auto body = in.subspan(in.empty() ? 0 : 1, size);
    in = in.subspan(in.empty() ? 0 : size + 1);
    return body;
}

proxy::scram_secret some_secret() { return {.salt = "salt", .iterations = 1, .stored_key = {}, .server_key = {}}; }

void verify(bytes in, const std::string& end_point) {
    proxy::scram_server server({"joe", some_secret(), true}, end_point, "nonce");
    check(!server.offer().empty());
    bool refused = false;
    while (!in.empty()) {
        const auto step = server.on_response(cut(in));
        check(!(step.fatal && !step.reply.empty()));
        check(step.fatal.has_value() || !step.reply.empty());
        check(!refused || step.fatal.has_value());
        refused = refused || step.fatal.has_value();
        check(!server.client_key());
    }
}

void log_in(bytes in, const std::string& end_point) {
    proxy::scram_client client({"joe", some_secret(), {}}, end_point, "nonce");
    for (bool sent = false; !in.empty();) {
        const auto body = cut(in);
        (void)client.on_error(body);
        const auto step = client.on_authentication(body);
        check(!(step.fatal && !step.answer.empty()));
        check(!(step.over && sent));
        sent = sent || !step.answer.empty();
        if (step.fatal || step.over) return;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const bytes in(data, size);
    for (const auto& end_point : {std::string(), std::string(32, 'c')}) {
        verify(in, end_point);
        log_in(in, end_point);
    }
    const auto text = protocol::as_text(in);
    if (const auto octets = proxy::from_base64(text)) {
        // The bits behind the last whole octet are not looked at.
        const auto again = proxy::to_base64(protocol::as_bytes(*octets));
        check(again.size() == text.size() && proxy::from_base64(again) == octets);
    }
    if (const auto secret = proxy::parse_scram_secret(text)) check(secret->iterations > 0 && !secret->salt.empty());
    return 0;
}
