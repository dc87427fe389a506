#include "proxy/upstream.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace proxy {
namespace {

std::string words(int problem) { return std::generic_category().message(problem); }

}  // namespace

upstream::upstream(event_loop& loop, resolver& names, const config::upstream& where, done receiver)
    : loop_(loop), where_(where), done_(std::move(receiver)), self_(std::make_shared<upstream*>(this)) {
    auto arrived = [weak = std::weak_ptr(self_)](resolver::found found) {
        const auto self = weak.lock();
        if (!self) return;
        auto& me = **self;
        if (found) me.left_.assign(found->rbegin(), found->rend());
        if (!found) me.problem_ = found.error().message();
        if (found && found->empty()) me.problem_ = "it has no address";
        me.try_next();
    };
    const auto later = [arrived, &loop](resolver::found found) {
        loop.post([arrived, found = std::move(found)] { arrived(found); });
    };
    if (auto known = literal(where_.host, where_.port); !known.empty())
        later(std::move(known));
    else if (where_.host.starts_with('/'))
        later(make_error_code(boost::system::errc::filename_too_long));
    else
        names.resolve(where_.host, where_.port, later);
}

upstream::~upstream() { hang_up(); }

void upstream::hang_up() noexcept {
    loop_.cancel_timer(timer_);
    if (descriptor_ < 0) return;
    loop_.remove(descriptor_, *this);
    ::close(std::exchange(descriptor_, -1));
}

void upstream::try_next() {
    if (left_.empty()) return finish(-1, problem_);
    const auto to = left_.back();
    left_.pop_back();
    descriptor_ = ::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor_ < 0) return failed(words(errno));
    tune(descriptor_);
    // EAGAIN: the server's Unix socket has a full backlog. That is as good as a refusal; no event would come.
    const bool begun = ::connect(descriptor_, to.data(), to.size) == 0 || errno == EINPROGRESS;
    const int problem = begun ? 0 : errno;
    if (!begun) {
        ::close(std::exchange(descriptor_, -1));
        return failed(words(problem));
    }
    try {
        loop_.add(descriptor_, *this);
    } catch (const std::system_error& full) {  // no more room to watch descriptors
        ::close(std::exchange(descriptor_, -1));
        return failed(full.what());
    }
    timer_ = loop_.at(loop_.now() + where_.connect_timeout, [this] { failed("no answer within connect_timeout"); });
}

void upstream::on_ready(std::uint32_t epoll_events) {
    if ((epoll_events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
    int problem = 0;
    socklen_t size = sizeof problem;
    if (::getsockopt(descriptor_, SOL_SOCKET, SO_ERROR, &problem, &size) != 0) problem = errno;
    if (problem != 0) return failed(words(problem));
    loop_.cancel_timer(timer_);
    loop_.remove(descriptor_, *this);
    finish(std::exchange(descriptor_, -1), {});
}

void upstream::failed(std::string why) {
    hang_up();
    problem_ = std::move(why);
    try_next();
}

// By value: the receiver may destroy this object, and with it the function that runs and what is told.
void upstream::finish(int descriptor, std::string problem) {
    const auto receiver = std::move(done_);
    receiver(descriptor, problem);
}

}  // namespace proxy
