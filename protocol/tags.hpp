#pragma once

// The first octet of every message but the first ones of a connection (manual 55.7). The two directions use the same
// letters for different messages, so each has its own names.

namespace protocol::frontend {

constexpr char bind = 'B';
constexpr char close = 'C';
constexpr char copy_data = 'd';
constexpr char copy_done = 'c';
constexpr char copy_fail = 'f';
constexpr char describe = 'D';
constexpr char execute = 'E';
constexpr char flush = 'H';
constexpr char function_call = 'F';
constexpr char parse = 'P';
constexpr char password = 'p';  // PasswordMessage, SASLInitialResponse, SASLResponse, GSSResponse
constexpr char query = 'Q';
constexpr char sync = 'S';
constexpr char terminate = 'X';

}  // namespace protocol::frontend

namespace protocol::backend {

constexpr char authentication = 'R';
constexpr char backend_key_data = 'K';
constexpr char command_complete = 'C';
constexpr char data_row = 'D';
constexpr char error_response = 'E';
constexpr char negotiate_protocol_version = 'v';
constexpr char notice_response = 'N';
constexpr char parameter_status = 'S';
constexpr char ready_for_query = 'Z';

}  // namespace protocol::backend
