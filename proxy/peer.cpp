#include "proxy/peer.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace proxy {
namespace {

constexpr std::size_t tls_record = 16 * 1024;  // most of what one holds (RFC 8446, 5.1)

void release(protocol::buffer& b) {
    if (b.capacity() > 0) protocol::buffer{}.swap(b);
}

}  // namespace

void peer::open(int descriptor, event_loop& loop, event_loop::watcher& w, std::unique_ptr<tls_stream> tls) {
    tls_ = std::move(tls);
    readable_ = tls_ != nullptr;  // what came behind the handshake may lie in it already
    socket_.open(descriptor, loop, w);
    if (tls_) tls_->go_through(socket_);
}

void peer::close() noexcept {
    if (!is_open()) return;
    tls_.reset();
    socket_.close();
    ended_ = true;
    view_ = {};
    release(rest_);
    release(unsent_);
    sent_ = 0;
}

void peer::note(std::uint32_t events) noexcept {
    socket_.note(events);
    if (events & (EPOLLHUP | EPOLLERR)) reset_ = true;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) readable_ = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) writable_ = true;
    if (writable_ && read_waits_to_write_) readable_ = true;
}

void peer::accept_tls(std::shared_ptr<const tls_contexts> of) {
    tls_ = tls_stream::accept(std::move(of), socket_.descriptor(), rest_);
    tls_->go_through(socket_);
    view_ = {};
    release(rest_);
}

tls_stream::outcome peer::handshake() {
    const auto then = tls_->handshake();
    if (then == tls_stream::outcome::done) readable_ = true;  // bytes behind it may have come with it
    return then;
}

void peer::note(tls_stream::outcome then) noexcept {
    using enum tls_stream::outcome;
    if (then == ended) ended_ = true;
    if (then == failed) ended_ = broken_ = true;
}

std::size_t peer::read_some(std::span<std::uint8_t> into) {
    if (!tls_) return read_plain(into);
    const auto got = tls_->read(into);
    note(got.then);
    read_waits_to_write_ = got.then == tls_stream::outcome::wants_write;
    if (got.then != tls_stream::outcome::done) readable_ = false;
    return got.count;
}

std::size_t peer::read_plain(std::span<std::uint8_t> into) {
    const auto got = socket_.receive(into);
    const auto problem = got < 0 ? errno : 0;
    const auto count = got > 0 ? static_cast<std::size_t>(got) : 0;
    readable_ = !socket_.drained();
    if (got == 0) ended_ = true;
    if (problem != 0 && problem != EAGAIN && problem != EWOULDBLOCK && problem != EINTR) ended_ = broken_ = true;
    return count;
}

protocol::bytes peer::receive(std::span<std::uint8_t> scratch) {
    const std::size_t before = rest_.size();
    // A short leftover is read behind in the scratch. A long message is gathered in place; doubling keeps that linear.
    const bool in_place = before > scratch.size() / 2;
    if (in_place)
        rest_.resize(2 * before);
    else
        std::copy(rest_.begin(), rest_.end(), scratch.begin());
    const auto whole = in_place ? std::span(rest_) : scratch;
    const auto into = whole.subspan(before);
    const auto count = read_some(into);
    if (in_place) rest_.resize(before + count);
    if (count == 0) return view_ = {};
    received_ += count;
    if (!in_place) release(rest_);
    return view_ = whole.first(before + count);
}

void peer::consume(std::size_t count) {
    if (rest_.empty())
        rest_.assign(view_.begin() + static_cast<std::ptrdiff_t>(count), view_.end());
    else if (count < rest_.size())
        rest_.erase(rest_.begin(), rest_.begin() + static_cast<std::ptrdiff_t>(count));
    else
        release(rest_);
    view_ = {};
}

std::size_t peer::write_some(std::span<const protocol::bytes> parts) { return tls_ ? write_tls(parts) : write_plain(parts); }

// Small parts share a record. What was not taken is tried again from the same byte on, and with no fewer bytes behind it:
// the record that holds it may be encrypted already.
std::size_t peer::write_tls(std::span<const protocol::bytes> parts) {
    std::array<std::uint8_t, tls_record> gathered;
    std::size_t total = 0;
    while (!parts.empty()) {
        auto record = parts.front();
        std::size_t size = 0, used = 0;
        for (; used < parts.size() && size + parts[used].size() <= gathered.size(); ++used) {
            std::copy(parts[used].begin(), parts[used].end(), gathered.begin() + static_cast<std::ptrdiff_t>(size));
            size += parts[used].size();
        }
        if (used > 0) record = protocol::bytes(gathered).first(size);
        const auto sent = tls_->write(record);
        total += sent.count;
        if (sent.then == tls_stream::outcome::failed) broken_ = true;
        if (sent.count < record.size()) {
            writable_ = false;
            break;
        }
        parts = parts.subspan(std::max<std::size_t>(used, 1));
    }
    return total;
}

std::size_t peer::write_plain(std::span<const protocol::bytes> parts) {
    std::size_t total = 0;
    for (const auto& part : parts) total += part.size();
    const auto sent = socket_.send(parts);
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) broken_ = true;
    const auto count = sent > 0 ? static_cast<std::size_t>(sent) : 0;
    if (count < total) writable_ = false;
    return count;
}

void peer::keep(std::span<const protocol::bytes> parts, std::size_t skip) {
    // What is gone from the front is given up before it outweighs the rest: a reader that is always behind must
    // not make the buffer grow.
    if (sent_ > unsent_.size() / 2) {
        unsent_.erase(unsent_.begin(), unsent_.begin() + static_cast<std::ptrdiff_t>(sent_));
        sent_ = 0;
    }
    for (auto part : parts) {
        const auto gone = std::min(skip, part.size());
        skip -= gone;
        unsent_.insert(unsent_.end(), part.begin() + static_cast<std::ptrdiff_t>(gone), part.end());
    }
}

void peer::send(outbox& out) {
    std::span<const protocol::bytes> parts = out.parts();
    if (!is_open() || broken() || parts.empty()) return out.clear();
    if (unsent() > 0) flush();
    while (!parts.empty() && unsent() == 0 && writable_ && !broken()) {
        const auto batch = parts.first(std::min(parts.size(), edge_socket::parts_per_call));
        const auto count = write_some(batch);
        if (!writable_ && !broken()) keep(batch, count);
        parts = parts.subspan(batch.size());
    }
    if (!broken()) keep(parts, 0);
    out.clear();
}

void peer::send(protocol::bytes message) {
    if (!is_open() || broken() || message.empty()) return;
    if (unsent() > 0) flush();
    const std::array<protocol::bytes, 1> part{message};
    const auto count = unsent() == 0 && writable_ && !broken() ? write_some(part) : 0;
    if (!broken() && count < message.size()) keep(part, count);
}

void peer::flush() {
    if (writable_ && !socket_.pay()) writable_ = false;
    while (is_open() && writable_ && !broken() && sent_ < unsent_.size()) {
        const std::array<protocol::bytes, 1> part{protocol::bytes(unsent_).subspan(sent_)};
        sent_ += write_some(part);
    }
    if (sent_ == unsent_.size()) {
        sent_ = 0;
        release(unsent_);
    }
}

void peer::settle() {
    flush();
    socket_.settle();
}

void peer::shutdown_send() noexcept {
    if (!is_open()) return;
    if (tls_) tls_->shut_down();
    socket_.settle();
    ::shutdown(socket_.descriptor(), SHUT_WR);
}

}  // namespace proxy
