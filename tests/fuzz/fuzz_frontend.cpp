#include <cstdlib>

#include "protocol/frontend.hpp"

// Any bytes as the body of each message of a client's. What is understood says the same when it is written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const protocol::bytes body(data, size);
    const auto frame = [&](char tag) { return protocol::frame{tag, body, body}; };
    if (const auto query = protocol::decode_query(frame('Q'))) {
        const auto again = protocol::encode_query(query->sql);
        if (protocol::as_text(body) != protocol::as_text(again).substr(protocol::header_size)) std::abort();
    }
    if (const auto parse = protocol::decode_parse(frame('P')); parse && parse->statement.size() + parse->sql.size() > size) std::abort();
    if (const auto bind = protocol::decode_bind(frame('B')); bind && bind->portal.size() + bind->statement.size() > size) std::abort();
    if (const auto close = protocol::decode_close(frame('C'))) {
        const auto again = protocol::encode_close(close->what, close->name);
        if (protocol::as_text(body) != protocol::as_text(again).substr(protocol::header_size)) std::abort();
    }
    (void)protocol::decode_execute(frame('E'));
    return 0;
}
