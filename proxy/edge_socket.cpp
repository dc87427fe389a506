#include "proxy/edge_socket.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <new>
#include <utility>

#include "proxy/joint_io.hpp"

namespace proxy {
namespace {

bool passes(int problem) { return problem == EAGAIN || problem == EWOULDBLOCK || problem == EINTR; }

void release(protocol::buffer& b) {
    if (b.capacity() > 0) protocol::buffer{}.swap(b);
}

}  // namespace

void edge_socket::open(int descriptor, event_loop& loop, event_loop::watcher& w) {
    descriptor_ = descriptor;
    loop_ = &loop;
    watcher_ = &w;
    loop.add(descriptor, w);
}

void edge_socket::close() noexcept {
    if (!is_open()) return;
    loop_->joint().forget(*this);
    loop_->remove(descriptor_, *watcher_);
    ::close(std::exchange(descriptor_, -1));
    ahead_ = false;
    release(brought_);
    release(owed_);
}

void edge_socket::note(std::uint32_t events) noexcept {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) hung_up_ = true;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) drained_ = false;
}

// ---- receiving

// A short read has drained the socket, a full one may have left something. No edge comes for an end of input that was
// announced together with the last bytes: then it is not drained until that is read.
ssize_t edge_socket::receive(std::span<std::uint8_t> into) {
    if (ahead_) return take_ahead(into);
    if (drained_) {
        errno = EAGAIN;
        return -1;
    }
    const auto got = ::recv(descriptor_, into.data(), into.size(), 0);
    const bool all = got < 0 ? errno != EINTR : static_cast<std::size_t>(got) < into.size();
    drained_ = all && !hung_up_;
    return got;
}

void edge_socket::bring(protocol::bytes slot, int result) noexcept {
    if (result < 0 && passes(-result)) return;  // it is asked for again when its turn comes
    ahead_ = true;
    ahead_result_ = result;
    ahead_bytes_ = slot.first(result > 0 ? static_cast<std::size_t>(result) : 0);
    ahead_drained_ = ahead_bytes_.size() < slot.size();
}

ssize_t edge_socket::take_ahead(std::span<std::uint8_t> into) noexcept {
    const auto count = std::min(into.size(), ahead_bytes_.size());
    std::copy_n(ahead_bytes_.begin(), count, into.begin());
    ahead_bytes_ = ahead_bytes_.subspan(count);
    if (!ahead_bytes_.empty()) return static_cast<ssize_t>(count);
    ahead_ = false;
    release(brought_);
    drained_ = ahead_drained_ && !hung_up_;
    if (ahead_result_ >= 0) return static_cast<ssize_t>(count);
    errno = -ahead_result_;
    return -1;
}

void edge_socket::keep_brought() noexcept {
    if (!ahead_) return;
    keep(ahead_bytes_, brought_);
    ahead_bytes_ = brought_;
    ahead_drained_ = false;  // by the time that somebody asks more may have come
}

// ---- sending

ssize_t edge_socket::send(std::span<const protocol::bytes> parts) {
    if (problem_ == 0 && owed_.empty() && loop_->joint().queue(*this, parts)) {
        std::size_t total = 0;
        for (const auto& part : parts) total += part.size();
        return static_cast<ssize_t>(total);
    }
    if (problem_ == 0 && pay()) return send_now(parts);
    errno = problem_ != 0 ? problem_ : EAGAIN;
    return -1;
}

ssize_t edge_socket::send_now(std::span<const protocol::bytes> parts) noexcept {
    std::array<iovec, parts_per_call> vectors;
    std::size_t used = 0;
    for (const auto& part : parts.first(std::min(parts.size(), vectors.size())))
        vectors[used++] = {const_cast<std::uint8_t*>(part.data()), part.size()};
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = used;
    ssize_t sent = 0;
    do {
        sent = used == 1 ? ::send(descriptor_, vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL)
                         : ::sendmsg(descriptor_, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return sent;
}

void edge_socket::on_sent(protocol::bytes sent, int result) noexcept {
    queued_ = false;
    if (result < 0 && !passes(-result)) return fail(-result);
    const auto rest = sent.subspan(result > 0 ? static_cast<std::size_t>(result) : 0);
    const auto left = rest.subspan(rest.empty() ? 0 : send_alone(rest));
    if (problem_ == 0) keep(left, owed_);
}

bool edge_socket::pay() noexcept {
    if (owed_.empty()) return true;
    const auto sent = send_alone(owed_);
    owed_.erase(owed_.begin(), owed_.begin() + static_cast<std::ptrdiff_t>(sent));
    if (owed_.empty() || problem_ != 0) release(owed_);
    return owed_.empty();
}

std::size_t edge_socket::send_alone(protocol::bytes part) noexcept {
    const auto sent = send_now(std::array{part});
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (!passes(errno)) fail(errno);
    return 0;
}

// A session that there is no memory for ends; the others go on.
void edge_socket::keep(protocol::bytes from, protocol::buffer& to) noexcept {
    try {
        to.assign(from.begin(), from.end());
    } catch (const std::bad_alloc&) {
        fail(ENOMEM);
    }
}

// Whose it is finds out by itself next turn.
void edge_socket::fail(int problem) noexcept {
    problem_ = problem;
    loop_->again(*watcher_);
}

void edge_socket::settle() noexcept {
    if (queued_) loop_->joint().flush();
}

}  // namespace proxy
