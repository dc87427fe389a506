#include "protocol/errc.hpp"
namespace protocol {
namespace {
struct cat : boost::system::error_category {
    const char* name() const noexcept override { return "protocol"; }
    std::string message(int v) const override {
        switch (static_cast<errc>(v)) {
        case errc::bad_length: return "invalid message length";
        case errc::truncated_field: return "insufficient data left in message";
        case errc::trailing_bytes: return "message contains trailing bytes";
        case errc::not_allowed: return "this message is not allowed here";
        }
        return "protocol error";
    }
};
}
const boost::system::error_category& category() noexcept { static const cat c; return c; }
}
