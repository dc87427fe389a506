#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include "config/settings.hpp"
#include "proxy/event_loop.hpp"
#include "proxy/sockets.hpp"
#include "proxy/tls_stream.hpp"

namespace proxy {

// Looks a name up away from the data path. `done` may be called in any thread.
class resolver {
public:
    using found = boost::system::result<std::vector<address>>;
    virtual void resolve(const std::string& host, std::uint16_t port, std::function<void(found)> done) = 0;

protected:
    virtual ~resolver() = default;
};

// The server as it is configured: what an attempt to connect to it needs. `first` is the host to begin with.
struct destination {
    const config::upstream& where;
    std::shared_ptr<const tls_contexts> tls;  // may be null where upstream.tls is disable
    std::chrono::milliseconds user_timeout{0};  // tcp_user_timeout
    std::size_t first = 0;
    bool only_first = false;
};

// A connected socket, which is the receiver's, with the TLS that was agreed on; or -1 and in plain words why not.
struct connection {
    int descriptor = -1;
    std::unique_ptr<tls_stream> tls;
    std::size_t host = 0;  // which of the hosts
    std::size_t next = 0;  // and the one behind it
    std::string name;      // of the host that was tried last, with its port
    std::string problem;
};

// One attempt to connect to the server: its hosts in turn, all addresses of each, each within connect_timeout, and so the answer
// to what addresses a name has; TLS as upstream.tls wants it. Destroyed: given up.
class upstream final : event_loop::watcher {
public:
    // Called once, never inside the constructor; the receiver may destroy the upstream in it.
    using done = std::function<void(connection&&)>;

    upstream(event_loop& loop, resolver& names, const destination& to, done receiver);
    ~upstream();
    upstream(const upstream&) = delete;
    upstream& operator=(const upstream&) = delete;

private:
    enum class stage { naming, connecting, asking, securing };

    void on_ready(std::uint32_t epoll_events) override;
    void next_host();
    void next_address();
    void try_address();
    bool wants_tls() const noexcept;
    void on_connected();
    void on_answer();
    void secure();
    void failed(std::string why);
    void hang_up() noexcept;
    void finish();

    event_loop& loop_;
    resolver& names_;
    config::upstream where_;
    std::chrono::milliseconds user_timeout_;
    std::shared_ptr<const tls_contexts> tls_;
    done done_;
    std::vector<config::endpoint> hosts_;
    std::deque<std::size_t> hosts_left_;
    std::deque<address> left_;   // of the host in hand, still to be tried
    address at_;
    stage stage_ = stage::naming;
    bool in_the_clear_ = false;  // prefer: TLS was tried with this address and failed
    event_loop::timer timer_ = 0;
    connection out_;
    std::shared_ptr<upstream*> self_;  // whoever finishes after us finds it gone
};

}  // namespace proxy
