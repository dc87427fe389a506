#include "proxy/canceler.hpp"

#include "config/values.hpp"

namespace proxy {
namespace {

constexpr std::chrono::seconds patience{5};

}  // namespace

canceler::canceler(house& h, protocol::bytes packet, std::function<void()> receiver)
    : house_(h), packet_(packet.begin(), packet.end()), done_(std::move(receiver)) {
    ++house_.cancels;
    timer_ = house_.loop.at(house_.loop.now() + patience, [this] { finish(); });
    house_.shared.canceled(key(), cancel_stage::come);
    hosts_ = config::hosts_of(house_.settings->upstream).size();
    next_host();
}

void canceler::next_host() {
    if (asked_ == hosts_) return finish();
    auto to = house_.target();
    to.first += asked_++;
    to.only_first = true;
    dial_ = std::make_unique<upstream>(house_.loop, house_.shared.names, to, [this](connection&& made) {
        dial_.reset();
        if (made.descriptor < 0) return next_host();
        server_ = std::make_unique<peer>();
        server_->open(made.descriptor, house_.loop, *this, std::move(made.tls));
        server_->send(packet_);
    });
}

canceler::~canceler() {
    house_.loop.cancel_timer(timer_);
    --house_.cancels;
}

void canceler::on_ready(std::uint32_t epoll_events) {
    server_->note(epoll_events);
    server_->flush();
    while (server_->may_read()) {
        server_->receive(house_.scratch);
        server_->consume(0);  // the server says nothing here
    }
    if (!server_->ended()) return;
    if (server_->unsent() == 0) house_.shared.canceled(key(), cancel_stage::sent);
    server_.reset();
    next_host();
}

// Behind length and code, as in BackendKeyData: process id and secret key.
std::string canceler::key() const { return std::string(protocol::as_text(protocol::bytes(packet_).subspan(8))); }

void canceler::finish() {
    const auto receiver = std::move(done_);
    receiver();
}

}  // namespace proxy
