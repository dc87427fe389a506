#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "proxy/admin.hpp"
#include "proxy/worker.hpp"

namespace proxy {

// Asks all workers what their sessions do, each in its own thread, and hands the whole to whoever has asked. Those who ask at
// the same time share one answer, and one that is younger than half a second is not asked for again, so that the sessions do
// not notice how many look on. A worker that does not answer within a second is left out.
class admin_views {
public:
    using receiver = std::function<void(const house_view&)>;

    admin_views(boost::asio::io_context& io, const std::vector<std::unique_ptr<worker>>& workers, std::function<void(numbers&)> add)
        : io_(io), patience_(io), workers_(workers), add_(std::move(add)) {}

    // In the control thread; so is the answer.
    void look(receiver r);

    static constexpr std::size_t most_sessions = 200;

private:
    void ask();
    void on_view(std::size_t of, worker_view&& v);
    void hand_out();

    boost::asio::io_context& io_;
    boost::asio::steady_timer patience_;
    const std::vector<std::unique_ptr<worker>>& workers_;
    std::function<void(numbers&)> add_;  // what the server itself knows
    std::vector<receiver> waiting_;
    std::vector<worker_view> heard_;
    std::vector<bool> owing_;  // workers that have not answered yet: those are not asked once more
    bool asking_ = false;
    house_view last_;
};

}  // namespace proxy
