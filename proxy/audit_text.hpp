#pragma once

#include <boost/json.hpp>
#include <string>

namespace proxy {

// A record of the audit log for people: one line, and below it the SQL. What a terminal would take for a command is not shown.
std::string audit_text(const boost::json::object& record, bool colours);

// Control characters, which a statement may hold, as blanks and question marks.
std::string printable(std::string_view text);

// 12 ms, 1.2 s, 3 min 20 s
std::string readable_ms(double ms);

}  // namespace proxy
