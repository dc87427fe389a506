#include "proxy/peer.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace proxy {
namespace {

constexpr std::size_t parts_per_write = 64;       // iovecs of one sendmsg
constexpr std::size_t kept_capacity = 64 * 1024;  // a buffer that grew beyond this is given back when it is empty

void release(protocol::buffer& b) {
    if (b.capacity() > 0) protocol::buffer{}.swap(b);
}

}  // namespace

void peer::open(int descriptor, event_loop& loop, event_loop::watcher& w) {
    loop.add(descriptor, w);
    descriptor_ = descriptor;
    loop_ = &loop;
    watcher_ = &w;
}

void peer::close() noexcept {
    if (descriptor_ < 0) return;
    loop_->remove(descriptor_, *watcher_);
    ::close(descriptor_);
    descriptor_ = -1;
    ended_ = true;
    release(rest_);
    release(unsent_);
    sent_ = 0;
}

void peer::note(std::uint32_t events) noexcept {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) hung_up_ = true;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable_ = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) writable_ = true;
}

protocol::bytes peer::receive(std::span<std::uint8_t> scratch) {
    std::span<std::uint8_t> into = scratch;
    const std::size_t before = rest_.size();
    if (before > 0) {
        rest_.resize(before + std::max(scratch.size(), before));  // doubles: gathering a long message stays linear
        into = std::span(rest_).subspan(before);
    }
    const auto got = ::recv(descriptor_, into.data(), into.size(), 0);
    const auto count = got > 0 ? static_cast<std::size_t>(got) : 0;
    // Edge-triggered: a short read has drained the socket, a full one may have left something. No edge comes for
    // an end of input that was announced together with the last bytes: then the socket stays readable until it is read.
    if (count < into.size() && !(got < 0 && errno == EINTR)) readable_ = hung_up_;
    if (got == 0) ended_ = true;
    if (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) ended_ = broken_ = true;
    if (before > 0) rest_.resize(before + count);
    view_ = count == 0 ? protocol::bytes{} : before > 0 ? protocol::bytes(rest_) : protocol::bytes(into.first(count));
    return view_;
}

void peer::consume(std::size_t count) {
    if (!rest_.empty()) {
        if (count < rest_.size())
            rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(count));
        else if (rest_.capacity() > kept_capacity || !readable_)
            release(rest_);
        else
            rest_.clear();
    } else if (count < view_.size()) {
        rest_.assign(view_.begin() + static_cast<std::ptrdiff_t>(count), view_.end());
    }
    view_ = {};
}

std::size_t peer::write_some(std::span<const protocol::bytes> parts) {
    std::array<iovec, parts_per_write> vectors;
    std::size_t total = 0, used = 0;
    for (const auto& part : parts.first(std::min(parts.size(), parts_per_write))) {
        vectors[used++] = {const_cast<std::uint8_t*>(part.data()), part.size()};
        total += part.size();
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = used;
    ssize_t sent = 0;
    do {
        sent = used == 1 ? ::send(descriptor_, vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL)
                         : ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) broken_ = true;
    const auto count = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    if (count < total) writable_ = false;
    return count;
}

void peer::keep(std::span<const protocol::bytes> parts, std::size_t skip) {
    for (auto part : parts) {
        const auto gone = std::min(skip, part.size());
        skip -= gone;
        unsent_.insert(unsent_.end(), part.begin() + static_cast<std::ptrdiff_t>(gone), part.end());
    }
}

void peer::send(outbox& out) {
    std::span<const protocol::bytes> parts = out.parts();
    if (!is_open() || broken_ || parts.empty()) return out.clear();
    if (unsent() > 0) flush();
    while (!parts.empty() && unsent() == 0 && writable_ && !broken_) {
        const auto batch = parts.first(std::min(parts.size(), parts_per_write));
        const auto count = write_some(batch);
        if (!writable_) keep(batch, count);
        parts = parts.subspan(batch.size());
    }
    if (!broken_) keep(parts, 0);
    out.clear();
}

void peer::send(protocol::bytes message) {
    outbox one;
    one.forward(message);
    send(one);
}

void peer::flush() {
    while (is_open() && writable_ && !broken_ && unsent() > 0) {
        const std::array<protocol::bytes, 1> part{protocol::bytes(unsent_).subspan(sent_)};
        sent_ += write_some(part);
    }
    if (unsent() == 0) {
        sent_ = 0;
        if (unsent_.capacity() > 0) release(unsent_);
    }
}

void peer::shutdown_send() noexcept {
    if (is_open()) ::shutdown(descriptor_, SHUT_WR);
}

}  // namespace proxy
