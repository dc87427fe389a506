#include <cstdlib>

#include "protocol/backend.hpp"
#include "protocol/frame.hpp"
#include "protocol/writer.hpp"

// Any bytes as the body of each message of a server's. It must not throw, for any input; what is understood, written
// again, gives the same bytes.
namespace {

using protocol::writer;

void check_same(const protocol::buffer& again, protocol::bytes body) {
    if (protocol::as_text(again).substr(protocol::header_size) != protocol::as_text(body)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const protocol::bytes body(data, size);
    if (const auto error = protocol::decode_error(body)) check_same(protocol::encode_error(*error), body);
    if (const auto status = protocol::decode_ready(body)) check_same(protocol::encode_ready(*status), body);
    if (const auto tag = protocol::decode_command_complete(body)) check_same(protocol::encode_command_complete(*tag), body);
    if (const auto key = protocol::decode_backend_key(body)) check_same(writer('K').int32(key->pid).octets(key->key).finish(), body);
    if (const auto parameter = protocol::decode_parameter_status(body))
        check_same(writer('S').string(parameter->first).string(parameter->second).finish(), body);
    if (const auto row = protocol::decode_data_row(body)) {
        writer again('D');
        again.count16(row->size());
        for (const auto& column : *row) again.sized(column);
        check_same(again.finish(), body);
    }
    if (const auto offer = protocol::decode_negotiate_protocol_version(body)) {
        writer again('v');
        again.int32(offer->version).int32(static_cast<std::uint32_t>(offer->unknown_options.size()));
        for (const auto option : offer->unknown_options) again.string(option);
        check_same(again.finish(), body);
    }
    return 0;
}
