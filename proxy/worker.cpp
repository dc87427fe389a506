#include "proxy/worker.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <system_error>
#include <utility>

#include <spdlog/spdlog.h>

namespace proxy {
namespace {

constexpr std::size_t scratch_size = 64 * 1024;
constexpr int accepts_per_turn = 64;

// Beyond limits.clients so many more are let in: to be told so, and for their CancelRequests.
constexpr std::size_t spare_connections = 100;

// How long no client is accepted when there is no descriptor for one. Closing sessions give some back.
constexpr std::chrono::milliseconds out_of_descriptors{100};

}  // namespace

worker::worker(shared_house& shared, std::vector<int> listeners, std::function<void()> drained)
    : shared_(shared), scratch_(scratch_size), house_{shared, loop_, counts_, scratch_, {}, {}, shared.settings}, drained_(std::move(drained)) {
    for (const int descriptor : listeners) {
        listeners_.push_back(std::make_unique<listener>(*this, descriptor));
        loop_.add(descriptor, *listeners_.back());
    }
}

worker::~worker() {
    sessions_.clear();
    close_listeners();
}

void worker::start() {
    thread_ = std::thread([this] {
        const int problem = house_.settings->io_uring ? loop_.joint().open() : 0;
        if (problem != 0 && !shared_.without_io_uring.test_and_set())
            spdlog::info("io_uring is not offered here ({}): with many clients more CPU time is needed, and nothing else changes",
                         std::generic_category().message(problem));
        loop_.run();
    });
}

void worker::join() {
    if (thread_.joinable()) thread_.join();
}

void worker::accept_from(listener& l) {
    for (int i = 0; i < accepts_per_turn && !l.paused; ++i) {
        const int client = ::accept4(l.descriptor, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (client >= 0) {
            l.lacking = false;
            welcome(client);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK) return;
        if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM) continue;  // that client's own trouble
        if (!std::exchange(l.lacking, true)) spdlog::error("cannot accept a client: {}", std::generic_category().message(errno));
        l.paused = true;
        loop_.at(loop_.now() + out_of_descriptors, [this, &l] {
            if (draining_) return;
            l.paused = false;
            loop_.again(l);
        });
    }
    if (!l.paused) loop_.again(l);
}

void worker::welcome(int client) {
    if (draining_ || shared_.connections >= house_.settings->limits.clients + spare_connections) {
        ::close(client);
        return;
    }
    try {
        auto s = std::make_unique<session>(house_, client, [this](session& gone) { on_gone(gone); });
        const auto id = s->id();
        sessions_.emplace(id, std::move(s));
    } catch (const std::exception& problem) {
        spdlog::error("cannot take a client: {}", problem.what());
    }
}

// The session may be in the middle of its own code: it goes when the loop has come back.
void worker::on_gone(session& s) {
    loop_.post([this, id = s.id()] {
        sessions_.erase(id);
        if (draining_ && sessions_.empty() && !std::exchange(told_, true)) drained_();
    });
}

void worker::give_way(unsigned ours) {
    loop_.post([this, ours] {
        for (auto& l : listeners_) proxy::give_way(l->descriptor, ours);
    });
}

// Who stands in the queue has been told that it is connected, and is let in yet.
void worker::drain(std::chrono::milliseconds idle_for) {
    loop_.post([this, idle_for] {
        if (!draining_)
            for (auto& l : listeners_) accept_from(*l);
        draining_ = true;
        close_listeners();
        for (auto& [id, s] : sessions_) s->drain(idle_for);
        if (sessions_.empty() && !std::exchange(told_, true)) drained_();
    });
}

void worker::give_up() {
    loop_.post([this] {
        for (auto& [id, s] : sessions_) s->give_up();
    });
}

void worker::stop_sessions() {
    loop_.post([this] {
        for (auto& [id, s] : sessions_) s->stop();
    });
}

void worker::note_cancel(std::string key, cancel_stage stage) {
    loop_.post([this, key = std::move(key), stage] {
        for (auto& [id, s] : sessions_) s->note_cancel(key, stage);
    });
}

void worker::end_attempt(std::uint64_t session, std::uint64_t attempt, std::size_t queue) {
    loop_.post([this, session, attempt, queue] {
        if (const auto found = sessions_.find(session); found != sessions_.end()) found->second->give_way(attempt, queue);
    });
}

void worker::renew(std::shared_ptr<const config::settings> settings, std::function<void()> taken) {
    loop_.post([this, settings = std::move(settings), taken = std::move(taken)] {
        house_.settings = settings;
        for (auto& [id, s] : sessions_) s->renew(settings);
        taken();
    });
}

void worker::finish() {
    loop_.post([this] { loop_.stop(); });
}

void worker::close_listeners() noexcept {
    for (auto& l : listeners_) {
        loop_.remove(l->descriptor, *l);
        ::close(l->descriptor);
    }
    listeners_.clear();
}

}  // namespace proxy
