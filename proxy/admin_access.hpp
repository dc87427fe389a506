#pragma once

#include <string>
#include <string_view>

namespace proxy {

// Who may ask the admin server for what. Pure.
//
// Health is for everybody: it carries no data. With a token all the rest needs it. Without one, metrics (numbers only) are for
// everybody who reaches the port, and what shows statements, or ends the proxy, for those on the same machine or in the same pod.
// A browser there may be led by a page from elsewhere: so a name in Host that is not the machine's own is refused (DNS
// rebinding), and so is a POST that another origin has sent (CSRF).
struct http_request {
    std::string method, path, query;
    std::string authorization, host, origin, fetch_site;  // header fields; empty: not there
    bool local = false;                                   // from 127.0.0.1 or ::1
};

enum class admin_need { nothing, numbers, data, power };

enum class admin_verdict { yes, no_token, not_from_there, wrong_host, wrong_origin };

admin_verdict may(const http_request& r, admin_need need, std::string_view token, std::string_view own_name);

// What follows "Bearer", or the password of "Basic"; empty: there is none.
std::string token_of(std::string_view authorization);

}  // namespace proxy
