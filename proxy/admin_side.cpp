#include "proxy/admin_side.hpp"

#include "config/values.hpp"

namespace proxy {

admin_side::admin_side(boost::asio::io_context& io, std::shared_ptr<const config::settings> settings, const ddl_board& board,
                       const std::vector<std::unique_ptr<worker>>& workers, server_side server, std::string upstream)
    : begun_with_(settings), settings_(std::move(settings)), board_(board), server_(std::move(server)),
      started_(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count()),
      views_(io, workers, [this](numbers& n) { add(n); }),
      admin_(begun_with_->admin, {.started = server_.started,
                                .draining = server_.draining,
                                .drain = server_.drain,
                                .look = [this](std::function<void(const house_view&)> r) { views_.look(std::move(r)); },
                                .board = &board_,
                                .upstream = std::move(upstream)}),
      http_(io, begun_with_->admin,
            [this](http_request&& r, std::function<void(http_reply&&)> done) { admin_.answer(std::move(r), std::move(done)); }) {}

void admin_side::read_files() {
    admin_.read_token();
    http_.read_certificate();
}

// What the workers do not know.
void admin_side::add(numbers& n) const {
    n.clients_limit = settings_->limits.clients;
    if (server_.held != nullptr) {
        n.held_statements = server_.held->taken();
        n.held_limit = server_.held->limit();
    }
    n.draining = server_.draining();
    n.mode = config::print(settings_->mode);
    n.started = started_;
    n.ddl = board_.counted();
    if (server_.audit) n.audit = server_.audit();
    if (server_.observer) n.observer = server_.observer();
}

}  // namespace proxy
