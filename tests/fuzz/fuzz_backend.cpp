#include <cstdlib>

#include "protocol/backend.hpp"
#include "protocol/frame.hpp"

// Any bytes as the body of each message of a server's. An error that is understood says the same when it is written again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const protocol::bytes body(data, size);
    if (const auto error = protocol::decode_error(body)) {
        const auto again = protocol::encode_error(*error);
        const auto read = protocol::decode_error(protocol::bytes(again).subspan(protocol::header_size));
        if (!read || read->all() != error->all()) std::abort();
    }
    if (const auto row = protocol::decode_data_row(body); row && row->size() * 4 + 2 > size) std::abort();
    (void)protocol::decode_backend_key(body);
    (void)protocol::decode_parameter_status(body);
    return 0;
}
