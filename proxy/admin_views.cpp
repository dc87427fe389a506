#include "proxy/admin_views.hpp"

#include <algorithm>

#include <boost/asio/post.hpp>

namespace proxy {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::milliseconds fresh{500}, patience{1000};

}  // namespace

void admin_views::look(receiver r) {
    if (!asking_ && event_loop::clock::now() - last_.now < fresh) return r(last_);
    waiting_.push_back(std::move(r));
    if (!asking_) ask();
}

void admin_views::ask() {
    asking_ = true;
    heard_.clear();
    owing_.resize(workers_.size(), false);
    for (std::size_t of = 0; of < workers_.size(); ++of) {
        if (owing_[of]) continue;
        owing_[of] = true;
        workers_[of]->look(most_sessions, [this, of](worker_view&& v) {
            asio::post(io_, [this, of, v = std::make_shared<worker_view>(std::move(v))] { on_view(of, std::move(*v)); });
        });
    }
    patience_.expires_after(patience);
    patience_.async_wait([this](boost::system::error_code problem) {
        if (!problem && asking_) hand_out();
    });
}

// What comes late is as true as what comes at once: it is of the moment in which the worker answered.
void admin_views::on_view(std::size_t of, worker_view&& v) {
    owing_[of] = false;
    if (!asking_) return;
    heard_.push_back(std::move(v));
    if (heard_.size() == workers_.size()) hand_out();
}

void admin_views::hand_out() {
    asking_ = false;
    patience_.cancel();
    house_view all;
    all.now = event_loop::clock::now();
    all.numbers.workers = workers_.size();
    all.numbers.workers_heard = heard_.size();
    for (const auto& w : workers_) all.numbers.add(w->counts());
    for (auto& v : heard_) {
        for (std::size_t i = 0; i < doings; ++i) all.numbers.now.by_doing[i] += v.by_doing[i];
        all.numbers.now.put_off += v.put_off;
        all.numbers.now.held_bytes += v.held_bytes;
        std::move(v.sessions.begin(), v.sessions.end(), std::back_inserter(all.sessions));
    }
    // Each worker has told what matters most of its own first.
    std::stable_sort(all.sessions.begin(), all.sessions.end(), [](const session_view& a, const session_view& b) {
        return std::pair(a.activity.now == doing::idle, a.id) < std::pair(b.activity.now == doing::idle, b.id);
    });
    if (all.sessions.size() > most_sessions) all.sessions.resize(most_sessions);
    add_(all.numbers);
    last_ = std::move(all);
    for (const auto& r : std::exchange(waiting_, {})) r(last_);
}

}  // namespace proxy
