#pragma once

#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/audit_chain.hpp"

namespace proxy {

// The files that the audit log has left behind: PATH.20261122T070110.582840Z.

std::string rotated_name(const std::string& path, std::chrono::system_clock::time_point when);

// The last record of those that stand beside `path`, whoever has moved them away: a new file continues from it. Files that
// are packed are not looked into.
std::optional<audit_link> last_of_rotated(const std::string& path);

// Deletes all but the newest `keep` (0: none) of those that we have named: [{"file","seq","hash"}], seq and hash of the last record.
boost::json::array remove_old_files(const std::string& path, unsigned keep);

// RFC 3339 in UTC, as rfc3339() writes it; the fraction may be left out.
std::optional<std::chrono::system_clock::time_point> parse_rfc3339(std::string_view text);
// Of a line of the audit log; it begins with it.
std::optional<std::chrono::system_clock::time_point> time_of_record(std::string_view line);

}  // namespace proxy
