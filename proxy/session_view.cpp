#include "proxy/session_view.hpp"

#include <algorithm>

#include "proxy/session.hpp"
#include "proxy/worker.hpp"

// What a worker's thread tells those who look on.

namespace proxy {
namespace {

// The page can show only so many: the lower the rank, the sooner.
int rank(doing d) noexcept {
    switch (d) {
    case doing::waiting: return 0;
    case doing::in_plan: return 1;
    case doing::judging: return 2;
    case doing::idle_in_transaction: return 3;
    case doing::running: return 4;
    case doing::starting:
    case doing::closing: return 5;
    case doing::idle: return 6;
    }
    return 7;
}

}  // namespace

doing session::doing_now() const noexcept {
    if (stage_ == stage::relaying) return gate_->doing_now();
    return stage_ == stage::closing || stage_ == stage::ended || stage_ == stage::canceling ? doing::closing : doing::starting;
}

std::size_t session::put_off() const noexcept { return gate_ ? gate_->put_off() : 0; }

std::uint64_t session::held_bytes() const noexcept { return client_.socket.held() + server_.socket.held() + startup_.capacity(); }

session_view session::view() const {
    session_view v{.id = id_,
                   .client = from_,
                   .tls = client_.socket.tls() != nullptr,
                   .accepted = accepted_,
                   .client_bytes = client_.socket.received(),
                   .server_bytes = server_.socket.received()};
    if (gate_) v.activity = gate_->activity();
    v.activity.now = doing_now();
    return v;
}

std::optional<ddl_under_way> session::under_way() const {
    return stage_ == stage::relaying ? gate_->under_way() : std::nullopt;
}

worker_view worker::view(std::size_t most) const {
    worker_view all;
    all.now = event_loop::clock::now();
    std::vector<std::pair<int, const session*>> ranked;
    ranked.reserve(sessions_.size());
    for (const auto& [id, s] : sessions_) {
        const auto now = s->doing_now();
        ++all.by_doing[static_cast<std::size_t>(now)];
        all.put_off += s->put_off();
        all.held_bytes += s->held_bytes();
        if (most > 0) ranked.emplace_back(rank(now) - (s->put_off() > 0 ? 1 : 0), s.get());
    }
    const auto before = [](const auto& a, const auto& b) { return std::pair(a.first, a.second->id()) < std::pair(b.first, b.second->id()); };
    const auto shown = std::min(most, ranked.size());
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(shown), ranked.end(), before);
    for (std::size_t i = 0; i < shown; ++i) all.sessions.push_back(ranked[i].second->view());
    return all;
}

void worker::list_ddl(std::function<void(std::vector<ddl_under_way>&&)> done) {
    loop_.post([this, done = std::move(done)] {
        std::vector<ddl_under_way> all;
        for (const auto& [id, s] : sessions_)
            if (auto one = s->under_way()) all.push_back(std::move(*one));
        done(std::move(all));
    });
}

void worker::look(std::size_t most, std::function<void(worker_view&&)> done) {
    loop_.post([this, most, done = std::move(done)] { done(view(most)); });
}

}  // namespace proxy
