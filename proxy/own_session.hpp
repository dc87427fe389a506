#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "proxy/gate.hpp"
#include "proxy/server_connection.hpp"

namespace proxy {

// A session of our own: libpq logs in, and from then on its connection is a gate's, with nobody on the client's side. So
// what `lockkeeper resume` does is done by the very code that does it behind a client's COMMIT.
class own_session {
public:
    // `each_second` is called while the server works.
    own_session(const std::string& dsn, std::shared_ptr<const config::settings> settings, audit_sink audit,
                std::function<void()> each_second);

    // The error where it failed. Throws connection_error. SIGINT cancels what runs: it is undone as far as it can be.
    std::optional<protocol::error_fields> resume(deferred_work work, std::string_view statement);

    int server_pid() const noexcept;

private:
    void greet();
    void converse();
    void send_all();
    void send(protocol::bytes bytes);
    bool receive();
    void wait(short events);
    void wake();
    void cancel();
    void tell_to_cancel();

    server_connection connection_;
    gate gate_;
    std::function<void()> each_second_;
    protocol::buffer key_;   // as the body of a BackendKeyData
    protocol::buffer left_;  // of the server's bytes: not taken yet
    protocol::buffer said_;  // what a client would have been told
    outbox to_server_, to_client_;
};

}  // namespace proxy
