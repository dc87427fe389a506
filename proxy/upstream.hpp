#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/system/result.hpp>

#include "config/settings.hpp"
#include "proxy/event_loop.hpp"
#include "proxy/sockets.hpp"

namespace proxy {

// Looks a name up away from the data path. `done` may be called in any thread.
class resolver {
public:
    using found = boost::system::result<std::vector<address>>;
    virtual void resolve(const std::string& host, std::uint16_t port, std::function<void(found)> done) = 0;

protected:
    virtual ~resolver() = default;
};

// One attempt to connect to the server: its addresses in turn, each within connect_timeout. Destroyed: given up.
class upstream final : event_loop::watcher {
public:
    // The connected socket, which is the receiver's from then on, or -1 and in plain words why not. Called once,
    // never inside the constructor; the receiver may destroy the upstream in it.
    using done = std::function<void(int descriptor, const std::string& problem)>;

    upstream(event_loop& loop, resolver& names, const config::upstream& where, done receiver);
    ~upstream();
    upstream(const upstream&) = delete;
    upstream& operator=(const upstream&) = delete;

private:
    void on_ready(std::uint32_t epoll_events) override;
    void try_next();
    void failed(std::string why);
    void hang_up() noexcept;
    void finish(int descriptor, std::string problem);

    event_loop& loop_;
    config::upstream where_;
    done done_;
    std::vector<address> left_;  // still to be tried, the next one last
    int descriptor_ = -1;
    event_loop::timer timer_ = 0;
    std::string problem_;        // what the addresses before said
    std::shared_ptr<upstream*> self_;  // whoever finishes after us finds it gone
};

}  // namespace proxy
