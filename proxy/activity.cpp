#include "proxy/activity.hpp"

#include <charconv>

#include "proxy/gate.hpp"

// What the gate tells those who look on.

namespace proxy {

using protocol::phase;

std::string_view name(doing d) noexcept {
    switch (d) {
    case doing::starting: return "starting";
    case doing::idle: return "idle";
    case doing::idle_in_transaction: return "idle in transaction";
    case doing::running: return "running";
    case doing::judging: return "judging";
    case doing::waiting: return "waiting";
    case doing::in_plan: return "in plan";
    case doing::closing: return "closing";
    }
    return {};
}

doing gate::doing_now() const noexcept {
    if (fatal_ || phase() == phase::closed) return doing::closing;
    if (phase() == phase::startup || phase() == phase::authentication) return doing::starting;
    if (nap_ || !in_the_way_.empty()) return doing::waiting;
    if (task_ && running_plan_) return doing::in_plan;
    if (task_ || awaiting_ready_) return doing::judging;
    if (!conversation_.owed().quiet()) return doing::running;
    return status() == 'I' ? doing::idle : doing::idle_in_transaction;
}

// Of what was decided last the outcome may be owed by a COMMIT that is still to come, or by nobody where it was skipped.
bool gate::at_ddl() const noexcept {
    return in_hand_ && (task_ || awaiting_ready_ || (!noted_.empty() && doing_now() == doing::running));
}

std::optional<ddl_under_way> gate::under_way() const {
    const bool at_work = at_ddl();
    if (known_.server_pid == 0 || !(at_work || put_off() > 0 || (hold_ && status() != 'I'))) return std::nullopt;
    ddl_under_way d{.session = who_.session,
                    .client = who_.client,
                    .user = known_.user,
                    .database = known_.database,
                    .application_name = known_.application_name,
                    .server_pid = known_.server_pid,
                    .at_work = at_work,
                    .attempt = in_flight_.number(),
                    .limits = conduct_.locks};
    if (conduct_.mode == config::mode::observe) d.limits.terminate_blockers = {};  // it changes nothing, for nobody
    for (const auto& h : in_the_way_)
        if (std::uint32_t pid = 0; std::from_chars(h.pid.data(), h.pid.data() + h.pid.size(), pid).ec == std::errc{}) d.in_the_way.push_back(pid);
    return d;
}

activity gate::activity() const {
    proxy::activity a{.user = known_.user,
                      .database = known_.database,
                      .application_name = known_.application_name,
                      .server_pid = known_.server_pid,
                      .now = doing_now(),
                      .heard = now_,
                      .put_off = put_off(),
                      .judged_since = judged_since_,
                      .in_the_way = in_the_way_,
                      .attempts = attempts_};
    if (at_ddl() || (in_hand_ && a.put_off > 0)) a.ddl = *in_hand_;
    if (!a.ddl && task_ && judged_) a.judged = judged_->text().substr(0, longest_told);
    if (progress_) a.step = progress_->now();
    if (hold_ && status() != 'I') a.keeps = kept_lock{hold_->on, hold_->since, hold_->cap};
    return a;
}

}  // namespace proxy
