#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "config/settings.hpp"
#include "proxy/admin_access.hpp"
#include "proxy/sockets.hpp"

namespace proxy {

struct http_reply {
    unsigned status = 200;
    std::string type = "text/plain; charset=utf-8", body;
    std::vector<std::pair<std::string, std::string>> fields;  // of the header, beside the usual ones
    std::function<void()> then;                               // once it is sent, or cannot be
};

// HTTP/1.1 for a few people and machines, in the control thread. Requests, their number and their time are bounded; a
// new connection takes the place of the one that has been idle longest.
class admin_http {
public:
    // To be answered soon, in the thread of `io`.
    using handler = std::function<void(http_request&&, std::function<void(http_reply&&)> answer)>;

    admin_http(boost::asio::io_context& io, const config::admin& settings, handler h);
    ~admin_http();

    // Throws std::system_error, tls_error. An address that somebody else has is tried again until it is free.
    void listen(const std::vector<address>& at);
    // The certificate, from its files. Throws tls_error; then connections go on with the one before.
    void read_certificate();

private:
    class state;
    std::shared_ptr<state> state_;
};

}  // namespace proxy
