#pragma once
#include <boost/system/result.hpp>
#include <string>
namespace protocol {
enum class errc { bad_length = 1, truncated_field, trailing_bytes, not_allowed };
const boost::system::error_category& category() noexcept;
inline boost::system::error_code make_error_code(errc e) noexcept { return {static_cast<int>(e), category()}; }
template <class T> using result = boost::system::result<T>;
}
template <> struct boost::system::is_error_code_enum<protocol::errc> : std::true_type {};
