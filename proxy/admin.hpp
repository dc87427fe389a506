#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "proxy/admin_access.hpp"
#include "proxy/admin_http.hpp"
#include "proxy/ddl_board.hpp"
#include "proxy/metrics.hpp"
#include "proxy/session_view.hpp"

namespace proxy {

// All workers, at about the same moment.
struct house_view {
    proxy::numbers numbers;
    std::vector<session_view> sessions;
    std::chrono::steady_clock::time_point now{};
};

// What the admin server answers. It lives in the control thread.
class admin {
public:
    struct access_to {
        std::function<bool()> started, draining;
        std::function<void()> drain;
        // Calls back soon, in this thread.
        std::function<void(std::function<void(const house_view&)>)> look;
        const ddl_board* board = nullptr;
        std::string upstream;  // in words
    };

    admin(const config::admin& settings, access_to to);

    // The token, from its file. Throws std::runtime_error; then the one before stays.
    void read_token();
    void answer(http_request&& r, std::function<void(http_reply&&)> done) const;

private:
    void answer_path(const http_request& r, std::function<void(http_reply&&)> done) const;

    config::admin settings_;
    access_to to_;
    std::string token_;
};

// The admin page's data: sessions, schema changes under way, who waits for whom, and decisions since `seen`.
std::string state_json(const house_view& v, const ddl_board& board, std::uint64_t seen, const std::string& upstream);

// The page, and what a browser may load and run in it.
http_reply admin_page();

}  // namespace proxy
