#include "proxy/joint_io.hpp"

#include <liburing.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include <spdlog/spdlog.h>

#include "proxy/edge_socket.hpp"

namespace proxy {
namespace {

constexpr std::size_t outgoing_size = 64 * 1024;
constexpr int not_done = -EAGAIN;
constexpr int attempts = 100;  // of one submission, while signals come or the kernel is short of memory

}  // namespace

void joint_io::close_ring::operator()(io_uring* r) const noexcept {
    ::io_uring_queue_exit(r);
    delete r;
}

joint_io::joint_io() = default;
joint_io::~joint_io() = default;

int joint_io::open(std::size_t least) {
    least_ = least;
    auto* const made = new io_uring{};
    // Linux 6.1 and later; what is there before is not worth a second way.
    if (const int problem = ::io_uring_queue_init(most, made, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN); problem != 0) {
        delete made;
        return -problem;
    }
    ring_.reset(made);
    slots_.resize(most * slot_size);
    outgoing_.reserve(outgoing_size);
    results_.reserve(most);
    received_.reserve(most);
    queue_.reserve(most);
    return 0;
}

// Nothing here waits: a call that cannot be answered at once is answered with EAGAIN.
void joint_io::run(std::size_t count) noexcept {
    std::size_t done = 0;
    for (int tries = 0; done < count && tries < attempts; ++tries) {
        const int got = ::io_uring_submit_and_wait(ring_.get(), static_cast<unsigned>(count - done));
        io_uring_cqe* completion = nullptr;
        while (::io_uring_peek_cqe(ring_.get(), &completion) == 0) {
            const int result = completion->res;
            // These are io_uring's own, not the socket's: the call was not made.
            const bool made = result != -EINVAL && result != -ENOMEM && result != -ECANCELED;
            results_[::io_uring_cqe_get_data64(completion)] = made ? result : not_done;
            ::io_uring_cqe_seen(ring_.get(), completion);
            ++done;
        }
        if (got < 0 && got != -EINTR && got != -EAGAIN && got != -EBUSY) break;
    }
    if (done < count) give_up();
}

void joint_io::give_up() noexcept {
    spdlog::warn("io_uring: the kernel does not take what it is given; from now on each receive and send is a call of its own");
    ring_.reset();
}

void joint_io::begin(std::span<edge_socket* const> readable) {
    if (!ring_ || readable.size() < least_) return;
    round_ = true;
    received_.clear();
    for (auto* const s : readable)
        if (!s->ahead_) received_.push_back(s);
    results_.assign(received_.size(), not_done);
    for (std::size_t i = 0; i < received_.size(); ++i) {
        auto* const call = ::io_uring_get_sqe(ring_.get());
        ::io_uring_prep_recv(call, received_[i]->descriptor(), slots_.data() + i * slot_size, slot_size, MSG_DONTWAIT);
        ::io_uring_sqe_set_data64(call, i);
    }
    run(received_.size());
    for (std::size_t i = 0; i < received_.size(); ++i)
        received_[i]->bring(std::span(slots_).subspan(i * slot_size, slot_size), results_[i]);
}

void joint_io::end() noexcept {
    if (!round_) return;
    flush();
    for (auto* s : received_)
        if (s != nullptr) s->keep_brought();
    received_.clear();
    round_ = false;
}

bool joint_io::queue(edge_socket& to, std::span<const protocol::bytes> parts) {
    if (!round_) return false;
    std::size_t size = 0;
    for (const auto& part : parts) size += part.size();
    const bool behind_itself = !queue_.empty() && queue_.back().to == &to;
    const bool fits = size <= short_send && outgoing_.size() + size <= outgoing_size && (behind_itself || queue_.size() < most);
    // The kernel may take the calls of one submission in any order. And nobody is to wait for a long one.
    if (!fits || (to.queued_ && !behind_itself)) flush();
    if (size > short_send || to.owed() > 0 || to.broken()) return false;
    if (!to.queued_) queue_.push_back({&to, outgoing_.size(), 0});
    to.queued_ = true;
    for (const auto& part : parts) outgoing_.insert(outgoing_.end(), part.begin(), part.end());
    queue_.back().size += size;
    return true;
}

void joint_io::flush() noexcept {
    if (queue_.empty()) return;
    results_.assign(queue_.size(), not_done);
    if (ring_ && queue_.size() > 1) {
        for (std::size_t i = 0; i < queue_.size(); ++i) {
            const auto& [to, at, size] = queue_[i];
            auto* const call = ::io_uring_get_sqe(ring_.get());
            ::io_uring_prep_send(call, to->descriptor(), outgoing_.data() + at, size, MSG_DONTWAIT | MSG_NOSIGNAL);
            ::io_uring_sqe_set_data64(call, i);
        }
        run(queue_.size());
    }
    for (std::size_t i = 0; i < queue_.size(); ++i) {
        const auto& [to, at, size] = queue_[i];
        to->on_sent(protocol::bytes(outgoing_).subspan(at, size), results_[i]);
    }
    queue_.clear();
    outgoing_.clear();
}

void joint_io::forget(edge_socket& s) noexcept {
    if (s.queued_) flush();
    std::replace(received_.begin(), received_.end(), &s, static_cast<edge_socket*>(nullptr));
}

}  // namespace proxy
