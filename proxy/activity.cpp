#include "proxy/activity.hpp"

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
    // Of what was decided last the outcome may be owed by a COMMIT that is still to come, or by nobody where it was skipped.
    const bool under_way = task_ || awaiting_ready_ || a.put_off > 0 || (!noted_.empty() && a.now == doing::running);
    if (in_hand_ && under_way) a.ddl = *in_hand_;
    if (!a.ddl && task_ && judged_) a.judged = judged_->text().substr(0, longest_told);
    if (progress_) a.step = progress_->now();
    if (hold_ && status() != 'I') a.keeps = kept_lock{hold_->on, hold_->since, hold_->cap};
    return a;
}

}  // namespace proxy
