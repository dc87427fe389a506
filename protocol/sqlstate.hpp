#pragma once
#include <string_view>
namespace protocol::sqlstate {
inline constexpr std::string_view protocol_violation = "08P01", connection_failure = "08006", cannot_connect = "08001", internal_error = "XX000",
    query_canceled = "57014", lock_not_available = "55P03", warning = "01000", lockkeeper_rejected = "LK001", lockkeeper_not_understood = "LK004",
    too_many_connections = "53300", admin_shutdown = "57P01", program_limit_exceeded = "54000";
}
