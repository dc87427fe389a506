#include "proxy/upstream.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "config/values.hpp"

namespace proxy {
namespace {

std::string words(int problem) { return std::generic_category().message(problem); }

// SSLRequest (manual 55.7): its length, and 80877103 in place of a version.
constexpr std::array<std::uint8_t, 8> ssl_request{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};

std::string name_of(const config::endpoint& host) {
    const auto known = literal(host.host, host.port);
    return known.empty() ? host.host + ":" + std::to_string(host.port) : known.front().text();
}

}  // namespace

upstream::upstream(event_loop& loop, resolver& names, const destination& to, done receiver)
    : loop_(loop), names_(names), where_(to.where), user_timeout_(to.user_timeout), tls_(to.tls), done_(std::move(receiver)),
      hosts_(config::hosts_of(to.where)), self_(std::make_shared<upstream*>(this)) {
    for (std::size_t i = 0; i < (to.only_first ? 1 : hosts_.size()); ++i) hosts_left_.push_back((to.first + i) % hosts_.size());
    next_host();
}

upstream::~upstream() { hang_up(); }

void upstream::hang_up() noexcept {
    loop_.cancel_timer(timer_);
    out_.tls.reset();
    if (out_.descriptor < 0) return;
    loop_.remove(out_.descriptor, *this);
    ::close(std::exchange(out_.descriptor, -1));
}

void upstream::next_host() {
    out_.host = hosts_left_.front();
    hosts_left_.pop_front();
    const auto& host = hosts_[out_.host];
    out_.next = (out_.host + 1) % hosts_.size();
    out_.name = name_of(host);
    stage_ = stage::naming;
    timer_ = loop_.at(loop_.now() + where_.connect_timeout, [this] { failed("its name was not resolved within connect_timeout"); });
    auto arrived = [weak = std::weak_ptr(self_), asked = out_.host](const resolver::found& found) {
        const auto self = weak.lock();
        if (!self) return;
        auto& me = **self;
        if (me.stage_ != stage::naming || me.out_.host != asked) return;  // given up before
        me.loop_.cancel_timer(me.timer_);
        if (found) me.left_.assign(found->begin(), found->end());
        if (!found) me.out_.problem = found.error().message();
        if (found && found->empty()) me.out_.problem = "it has no address";
        me.next_address();
    };
    const auto later = [arrived, &loop = loop_](resolver::found found) {
        loop.post([arrived, found = std::move(found)] { arrived(found); });
    };
    if (auto known = literal(host.host, host.port); !known.empty())
        later(std::move(known));
    else if (host.host.starts_with('/'))
        later(make_error_code(boost::system::errc::filename_too_long));
    else
        names_.resolve(host.host, host.port, later);
}

void upstream::next_address() {
    if (left_.empty() && hosts_left_.empty()) return finish();
    if (left_.empty()) return next_host();
    at_ = left_.front();
    left_.pop_front();
    in_the_clear_ = false;
    try_address();
}

void upstream::try_address() {
    stage_ = stage::connecting;
    out_.descriptor = ::socket(at_.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (out_.descriptor < 0) return failed(words(errno));
    tune(out_.descriptor, user_timeout_);
    // EAGAIN: the server's Unix socket has a full backlog. That is as good as a refusal; no event would come.
    const bool begun = ::connect(out_.descriptor, at_.data(), at_.size) == 0 || errno == EINPROGRESS;
    const int problem = begun ? 0 : errno;
    if (!begun) {
        ::close(std::exchange(out_.descriptor, -1));
        return failed(words(problem));
    }
    try {
        loop_.add(out_.descriptor, *this);
    } catch (const std::system_error& full) {  // no more room to watch descriptors
        ::close(std::exchange(out_.descriptor, -1));
        return failed(full.what());
    }
    timer_ = loop_.at(loop_.now() + where_.connect_timeout, [this] { failed("no answer within connect_timeout"); });
}

void upstream::on_ready(std::uint32_t epoll_events) {
    switch (stage_) {
    case stage::naming: return;
    case stage::connecting:
        if ((epoll_events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) on_connected();
        return;
    case stage::asking: return on_answer();
    case stage::securing: return secure();
    }
}

// As libpq does, a Unix socket is never encrypted.
bool upstream::wants_tls() const noexcept {
    return where_.tls != config::server_tls::disable && at_.family() != AF_UNIX && !in_the_clear_;
}

void upstream::on_connected() {
    int problem = 0;
    socklen_t size = sizeof problem;
    if (::getsockopt(out_.descriptor, SOL_SOCKET, SO_ERROR, &problem, &size) != 0) problem = errno;
    if (problem != 0) return failed(words(problem));
    if (!wants_tls()) return finish();
    stage_ = stage::asking;
    // Into an empty send buffer: all of it goes.
    if (::send(out_.descriptor, ssl_request.data(), ssl_request.size(), MSG_NOSIGNAL) < 0) return failed(words(errno));
    on_answer();
}

// One byte and no more is read: what stands behind it has to be TLS, or the handshake fails.
void upstream::on_answer() {
    char answer = 0;
    const auto got = ::recv(out_.descriptor, &answer, 1, 0);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return;
    if (got < 0) return failed(words(errno));
    if (got == 0) return failed("it closed the connection when it was asked for TLS");
    if (answer == 'N' && where_.tls == config::server_tls::prefer) return finish();
    if (answer == 'N') return failed("it has no TLS (ssl = off), but upstream.tls wants it");
    if (answer != 'S') return failed("it does not know SSLRequest: is it PostgreSQL?");
    const bool by_name = where_.tls == config::server_tls::verify_full;
    out_.tls = tls_stream::connect(tls_, out_.descriptor, hosts_[out_.host].host, by_name);
    stage_ = stage::securing;
    secure();
}

void upstream::secure() {
    using enum tls_stream::outcome;
    const auto then = out_.tls->handshake();
    if (then == done) return finish();
    if (then == failed) this->failed("TLS: " + out_.tls->problem());
}

void upstream::failed(std::string why) {
    const bool again = stage_ > stage::connecting && where_.tls == config::server_tls::prefer && !in_the_clear_;
    hang_up();
    out_.problem = std::move(why);
    if (!again) return next_address();
    in_the_clear_ = true;
    try_address();
}

// By value: the receiver may destroy this object, and with it the function that runs and what is told.
void upstream::finish() {
    loop_.cancel_timer(timer_);
    if (out_.descriptor >= 0) loop_.remove(out_.descriptor, *this);
    auto result = std::move(out_);
    out_.descriptor = -1;
    const auto receiver = std::move(done_);
    receiver(std::move(result));
}

}  // namespace proxy
