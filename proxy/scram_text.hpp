#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/backend.hpp"
#include "protocol/sqlstate.hpp"

namespace proxy {

// The channel binding that PostgreSQL knows, and how it stands in front of a client's first message (RFC 5802, 7).
inline constexpr std::string_view end_point_binding = "p=tls-server-end-point,,";

// AuthenticationSASL, AuthenticationSASLContinue and AuthenticationSASLFinal (manual 55.7).
inline constexpr std::uint32_t sasl = 10, sasl_continue = 11, sasl_final = 12;
inline constexpr std::string_view scram_plain = "SCRAM-SHA-256", scram_plus = "SCRAM-SHA-256-PLUS";

// Reads the attributes of a SCRAM message, "r=abc,s=def", in order. The first one that does not fit fails the reader and
// every later one is empty, so that one asks once, behind the last.
class scram_attributes {
public:
    explicit scram_attributes(std::string_view text) noexcept : rest_(text) {}

    // The value of the attribute that must come next.
    std::string_view value(char name) {
        if (failed_ || rest_.empty() || rest_.front() != name) return fail(std::string("Expected attribute \"") + name + "\".");
        if (rest_.size() < 2 || rest_[1] != '=') return fail(std::string("Expected character \"=\" for attribute \"") + name + "\".");
        const auto end = std::min(rest_.find(','), rest_.size());
        const auto found = rest_.substr(2, end - 2);
        rest_.remove_prefix(std::min(end + 1, rest_.size()));
        return found;
    }
    // An extension, which may stand before the end (RFC 5802, 7): of any name, and of no meaning here.
    void skip() { value(rest_.empty() ? '?' : rest_.front()); }

    std::string_view rest() const noexcept { return rest_; }
    const std::optional<std::string>& problem() const noexcept { return failed_; }

private:
    std::string_view fail(std::string why) {
        if (!failed_) failed_ = std::move(why);
        rest_ = {};
        return {};
    }

    std::string_view rest_;
    std::optional<std::string> failed_;
};

inline protocol::error_fields fatal_error(std::string_view sqlstate, std::string message, std::string detail = {}, std::string hint = {}) {
    auto error = protocol::make_error("FATAL", sqlstate, std::move(message));
    if (!detail.empty()) error.set('D', std::move(detail));
    if (!hint.empty()) error.set('H', std::move(hint));
    return error;
}

}  // namespace proxy
