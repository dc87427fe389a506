#include "protocol/errc.hpp"

namespace protocol {
namespace {

// Boost's base class has a protected, non-virtual destructor by design; the one object of this class is static.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
class protocol_category final : public boost::system::error_category {
public:
    const char* name() const noexcept override { return "protocol"; }
    std::string message(int value) const override {
        switch (static_cast<errc>(value)) {
        case errc::bad_length: return "invalid message length";
        case errc::truncated_field: return "insufficient data left in message";
        case errc::unterminated_string: return "invalid string in message";
        case errc::trailing_bytes: return "invalid message format: more bytes than fields";
        case errc::bad_value: return "invalid message format: a field has a value that it cannot have";
        case errc::not_allowed: return "this message is not allowed here";
        }
        return "protocol error";
    }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& category() noexcept {
    static const protocol_category only;
    return only;
}

}  // namespace protocol
