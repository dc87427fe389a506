#pragma once

#include <string>

#include "policy/decision.hpp"
#include "protocol/backend.hpp"
#include "protocol/bytes.hpp"

namespace proxy {

// A refused statement is answered by the server: in its place goes SQL that no PostgreSQL can parse, and the text of the
// ErrorResponse becomes ours. So the transaction's state, the skipping up to Sync and ReadyForQuery are the server's own.
// Not even a raw parse tree comes of it, so it is refused alike inside a failed transaction. The rule's id is in it for
// whoever reads the server's log.
std::string poison(const policy::finding& f);

// What the client is told: S, V, C, M, D, H and R, the routine that spoke.
protocol::error_fields error_of(const policy::finding& f);
protocol::error_fields notice_of(const policy::finding& f);

// That the statement was answered and not run.
protocol::error_fields notice_of_unrun(const policy::finding& f);

// How far a plan is.
protocol::error_fields notice_of_progress(const std::string& message, const std::string& detail);

// The NoticeResponses for what runs all the same: its warnings, and in mode guard what enforce would refuse or rewrite.
protocol::buffer notices_of(const policy::decision& d);

// An error of the server's that answered a statement of ours, as the answer to the client's: without the position, which
// counts in a text that the client did not write.
protocol::error_fields without_position(protocol::error_fields error);

// What the server says to a statement that was canceled: for a cancel that met none of its statements.
protocol::error_fields canceled_by_user();

// The record of the decision cannot be written, for this reason (audit.on_failure).
policy::finding not_audited(const std::string& why);

// An error as a finding, so that it can be given as the reason of a refusal.
policy::finding finding_of(const protocol::error_fields& error, std::string_view rule);

}  // namespace proxy
