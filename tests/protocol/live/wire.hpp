#pragma once

#include <optional>
#include <string>

#include "protocol/frame.hpp"

namespace live {

// The raw bytes of a connection to the throw-away server. What fails throws std::runtime_error; so does a server that says
// nothing for ten seconds.
class wire {
public:
    wire();
    ~wire();
    wire(const wire&) = delete;
    wire& operator=(const wire&) = delete;

    struct message {
        char tag;
        protocol::buffer body;
        std::uint8_t first() const noexcept { return body.empty() ? std::uint8_t{0} : body[0]; }
        bool fatal() const;  // an ErrorResponse that ends the connection
    };

    void send(const protocol::buffer& bytes);
    // The next message; nothing where the server has closed the connection.
    std::optional<message> read();
    // A message is there already, or its beginning, or the end.
    bool readable() const;

private:
    bool fill(std::size_t count);

    int socket_;
    protocol::buffer in_;
};

// The StartupMessage of the superuser.
protocol::buffer startup_message();

}  // namespace live
