#pragma once

#include <string_view>

// The SQLSTATEs that are sent or looked for. Manual, appendix A; LKxxx are ours: class LK is in nobody's use.
namespace protocol::sqlstate {

inline constexpr std::string_view warning = "01000";
inline constexpr std::string_view cannot_connect = "08001";      // sqlclient_unable_to_establish_sqlconnection
inline constexpr std::string_view connection_failure = "08006";
inline constexpr std::string_view protocol_violation = "08P01";
inline constexpr std::string_view feature_not_supported = "0A000";
inline constexpr std::string_view invalid_statement_name = "26000";  // invalid_sql_statement_name
inline constexpr std::string_view invalid_authorization = "28000";  // invalid_authorization_specification
inline constexpr std::string_view invalid_password = "28P01";
inline constexpr std::string_view serialization_failure = "40001";
inline constexpr std::string_view deadlock_detected = "40P01";
inline constexpr std::string_view too_many_connections = "53300";
inline constexpr std::string_view configuration_limit_exceeded = "53400";
inline constexpr std::string_view duplicate_object = "42710";
inline constexpr std::string_view program_limit_exceeded = "54000";
inline constexpr std::string_view lock_not_available = "55P03";
inline constexpr std::string_view query_canceled = "57014";
inline constexpr std::string_view admin_shutdown = "57P01";
inline constexpr std::string_view internal_error = "XX000";

inline constexpr std::string_view lockkeeper_rejected = "LK001";
inline constexpr std::string_view lockkeeper_unfinished = "LK002";  // committed, but what was put off is not done
inline constexpr std::string_view lockkeeper_held_too_long = "LK003";
inline constexpr std::string_view lockkeeper_not_understood = "LK004";
inline constexpr std::string_view lockkeeper_not_audited = "LK005";

}  // namespace protocol::sqlstate
