#pragma once

#include <boost/system/result.hpp>

namespace protocol {

// Why bytes are not the message that they should be. The texts are the server's own where it has one.
enum class errc {
    bad_length = 1,       // of the message, or of the startup packet
    truncated_field,      // a field, or as many items as a count promises, do not fit into the message
    unterminated_string,  // no NUL up to the end of the message
    trailing_bytes,       // more than the fields of the message
    bad_value,            // a field that only has a few values has another one
    not_allowed,          // a message in a phase that does not know it
};

const boost::system::error_category& category() noexcept;

inline boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }

template <class T>
using result = boost::system::result<T>;

}  // namespace protocol

template <>
struct boost::system::is_error_code_enum<protocol::errc> : std::true_type {};
