#include "proxy/canceler.hpp"

#include "config/values.hpp"

namespace proxy {
namespace {

constexpr std::chrono::seconds patience{5};

}  // namespace

canceler::canceler(house& h, protocol::bytes packet, std::function<void()> receiver, whose of)
    : house_(h), packet_(packet.begin(), packet.end()), whose_(of), done_(std::move(receiver)) {
    ++house_.cancels;
    timer_ = house_.loop.at(house_.loop.now() + patience, [this] { finish(); });
    tell(cancel_stage::come);
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
    if (server_->unsent() == 0) tell(cancel_stage::sent);
    server_.reset();
    next_host();
}

// The key stands behind length and code, as in BackendKeyData: process id and secret key.
void canceler::tell(cancel_stage stage) const {
    if (whose_ == whose::clients) house_.shared.canceled(std::string(protocol::as_text(protocol::bytes(packet_).subspan(8))), stage);
}

void canceler::finish() {
    const auto receiver = std::move(done_);
    receiver();
}

}  // namespace proxy
