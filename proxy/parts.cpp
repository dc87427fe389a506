#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/lock_wait.hpp"
#include "proxy/refusal.hpp"

// A step that is done in parts, each of them a transaction of its own.
// One co_await per statement and none in conditions: g++ 12 destroys temporaries of such expressions twice.

namespace proxy {
namespace {

// The part has done nothing, and may come through next time.
bool lost_to_others(std::string_view sqlstate) noexcept {
    return lost_the_lock(sqlstate) || sqlstate == protocol::sqlstate::serialization_failure;
}

// How many the part has dealt with.
std::uint64_t rows_of(const batch_reply& reply) {
    return reply.rows.empty() || reply.rows[0].empty() ? 0 : rows_changed(reply.rows[0].front());
}

}  // namespace

task<batch_reply> gate::take_part(const judged_message& m, run_step step, part_size& size) {
    lock_attempts tries(conduct_.locks, conduct_.timeouts.lock, std::chrono::milliseconds::zero(), who_.session, now_);
    batch_reply reply;
    if (!step.again) size = part_size{};
    auto pause = step.again ? size.pause() : std::chrono::milliseconds::zero();
    for (;;) {
        if (pause > std::chrono::milliseconds::zero()) co_await nap(pause, true);
        if (canceled_) {
            reply.error = canceled_by_user();
            break;
        }
        reply = co_await arm(m, step.timeouts, true, size.lock_timeout(conduct_.timeouts.lock));
        if (!reply.ok()) break;
        policy::catalog_query part{step.sql, {std::to_string(size.rows())}};
        part.parameters.insert(part.parameters.end(), step.position.begin(), step.position.end());
        std::vector<policy::catalog_query> alone{std::move(part)};
        const auto began = now_;
        reply = co_await ask_safely(std::move(alone), batch_end::sync);
        if (reply.ok()) size.took(std::chrono::duration_cast<std::chrono::milliseconds>(now_ - began), rows_of(reply));
        if (!reply.error || !lost_to_others(reply.error->get('C'))) break;
        if (canceled_ || !tries.may_go_on(now_)) {
            reply.error = with_holders(std::move(*reply.error), {}, tries.attempts());
            break;
        }
        size.lost_the_lock();
        tries.failed();
        pause = tries.pause();
    }
    co_return reply;
}

}  // namespace proxy
