#include "proxy/canceler.hpp"

namespace proxy {
namespace {

constexpr std::chrono::seconds patience{5};

}  // namespace

canceler::canceler(house& h, protocol::bytes packet, std::function<void()> receiver)
    : house_(h), packet_(packet.begin(), packet.end()), done_(std::move(receiver)) {
    ++house_.cancels;
    timer_ = house_.loop.at(house_.loop.now() + patience, [this] { finish(); });
    dial_ = std::make_unique<upstream>(house_.loop, house_.shared.names, house_.shared.settings->upstream,
                                       [this](int descriptor, const std::string&) {
                                           dial_.reset();
                                           if (descriptor < 0) return finish();
                                           server_.open(descriptor, house_.loop, *this);
                                           server_.send(packet_);
                                       });
}

canceler::~canceler() {
    house_.loop.cancel_timer(timer_);
    --house_.cancels;
}

void canceler::on_ready(std::uint32_t epoll_events) {
    server_.note(epoll_events);
    server_.flush();
    while (server_.may_read()) {
        server_.receive(house_.scratch);
        server_.consume(0);  // the server says nothing here
    }
    if (!server_.ended()) return;
    // Behind length and code, as in BackendKeyData: process id and secret key.
    if (server_.unsent() == 0) house_.shared.canceled(std::string(protocol::as_text(protocol::bytes(packet_).subspan(8))));
    finish();
}

void canceler::finish() {
    const auto receiver = std::move(done_);
    receiver();
}

}  // namespace proxy
