#include <cstdlib>

#include "protocol/frontend.hpp"
#include "protocol/writer.hpp"

// Any bytes as the body of each message of a client's. It must not throw, for any input; what is understood, written
// again field by field, gives the same bytes: nothing was overlooked, nothing invented.
namespace {

using protocol::writer;

void check_same(writer& again, protocol::bytes body) {
    const auto message = again.finish();
    if (protocol::as_text(message).substr(protocol::header_size) != protocol::as_text(body)) std::abort();
}

void check_same(protocol::buffer again, protocol::bytes body) {
    if (protocol::as_text(again).substr(protocol::header_size) != protocol::as_text(body)) std::abort();
}

void check_bind(const protocol::bind_view& bind, protocol::bytes body) {
    writer again('B');
    again.string(bind.portal).string(bind.statement);
    again.count16(bind.formats.size() / 2).octets(bind.formats);
    again.count16(bind.parameters).octets(bind.values);
    again.count16(bind.result_formats.size() / 2).octets(bind.result_formats);
    check_same(again, body);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const protocol::bytes body(data, size);
    const auto frame = [&](char tag) { return protocol::frame{tag, body, body}; };
    if (const auto query = protocol::decode_query(frame('Q'))) check_same(protocol::encode_query(query->sql), body);
    if (const auto parse = protocol::decode_parse(frame('P'))) {
        std::vector<std::uint32_t> types;
        for (std::size_t i = 0; i < parse->types.size(); ++i) types.push_back(parse->types[i]);
        check_same(protocol::encode_parse(parse->statement, parse->sql, types), body);
    }
    if (const auto bind = protocol::decode_bind(frame('B'))) check_bind(*bind, body);
    if (const auto execute = protocol::decode_execute(frame('E')))
        check_same(protocol::encode_execute(execute->portal, execute->rows), body);
    if (const auto describe = protocol::decode_describe(frame('D')))
        check_same(writer('D').int8(describe->what).string(describe->name), body);
    if (const auto close = protocol::decode_close(frame('C'))) check_same(protocol::encode_close(close->what, close->name), body);
    return 0;
}
