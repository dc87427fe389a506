#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"

// A message of the client's that has no place in a COPY from the client, and comes in one. Either the COPY has failed, of
// which the client did not know yet, or nor do we; or the server would end the session over that message. Which it is, and
// whether a Sync in the midst of the COPY was read as a part of it, the replies tell to a CopyFail, a Sync and a Close of ours.

namespace proxy {

// The client's message stays where it is, and is looked at once more when this is done.
task<void> gate::leave_copy(char tag) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto octet = static_cast<unsigned char>(tag);
    out_of_place_ = std::string("unexpected message type 0x") + digits[octet >> 4] + digits[octet & 15] + " during COPY from stdin";
    batch question{.queries = {}, .end = batch_end::sync, .fail_copy = out_of_place_};
    auto settled = co_await ask(std::move(question));
    (void)settled;
    out_of_place_.clear();
    // Without our Sync the server would now be skipping up to the client's, unless it has answered one of those.
    if (segment_failed_) discarding_ = true;
}

// Our CopyFail has met a COPY: "COPY from stdin failed: " and our text, in the language of the server.
bool gate::copy_was_alive(protocol::bytes error) const {
    if (out_of_place_.empty()) return false;
    const auto fields = protocol::decode_error(error);
    return fields && fields->get('C') == protocol::sqlstate::query_canceled && fields->get('M').ends_with(out_of_place_);
}

}  // namespace proxy
