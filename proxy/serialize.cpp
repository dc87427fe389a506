#include "policy/passing_refusal.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/refusal.hpp"
#include "proxy/schema_lock.hpp"

// locks.serialize: one session at a time changes the schema. A session takes the lock before the first such statement of its
// transaction, when it has no strong lock yet that others would wait for with it, and gives it back when no transaction is
// open and nothing is left to be done behind the COMMIT.
// One co_await per statement and none in conditions: g++ 12 destroys temporaries of such expressions twice.

namespace proxy {

using std::chrono::milliseconds;

namespace {

constexpr int attempts_to_give_back = 5;  // a cancel that comes late may hit any statement of ours

}  // namespace

bool gate::needs_turn(const policy::decision& d) const noexcept {
    const auto mode = d.conduct.mode;
    const bool refused = mode == config::mode::enforce && d.action == config::action::reject && !policy::refusal_may_pass(d);
    const bool unrun = d.replacement && d.replacement->steps.empty();
    const bool may = mode != config::mode::observe && !refused && !unrun && !known_.replication;
    return d.conduct.locks.serialize && d.changes_schema && turn_ != whose_turn::ours && may;
}

// What was found out may have changed while others had their turn: the statement is judged anew.
task<std::optional<policy::decision>> gate::decide_in_turn(judged_message& m, policy::decision d) {
    conduct_ = d.conduct;
    const auto since = now_;
    auto reply = co_await take_turn(m);
    m.waited = now_ - since;
    if (reply.ok()) {
        auto again = co_await decide(m);
        co_return again;
    }
    if (reply.skipped) {
        forward_held(m, nullptr);
    } else {
        m.failed_before = turn_ == whose_turn::unsure;  // else nothing has failed on the server yet
        put_out(m, finding_of(*reply.error, "serialize"), audit_decision(m, d));
    }
    co_return std::nullopt;
}

// Between two attempts the session does nothing, so that nobody has to wait for a snapshot of it. What it holds itself may
// be what the other one waits for: a strong lock is not kept for long, and a deadlock that shows ends the wait. But who builds
// an index CONCURRENTLY may have met one of the attempts, and then waits for the whole transaction: one that has done nothing
// yet is begun anew.
task<batch_reply> gate::take_turn(const judged_message& m) {
    if (turn_ == whose_turn::unsure) co_await end_turn();
    const bool once = m.unsynced || (status() == 'T' && hold_);
    lock_attempts tries(conduct_.locks, milliseconds::zero(), m.statement_timeout, who_.session, now_);
    for (;;) {
        std::vector<policy::catalog_query> question{schema_lock::taking(), schema_lock::holder()};
        turn_ = whose_turn::unsure;  // where an error comes behind it, it is taken all the same
        auto reply = co_await ask_safely(std::move(question), m.unsynced ? batch_end::flush : batch_end::sync);
        if (!reply.ok()) co_return reply;
        turn_ = reply.rows[0].at(0).at(0) == "t" ? whose_turn::ours : whose_turn::others;
        in_the_way_ = turn_ == whose_turn::ours ? std::vector<lock_holder>{} : read_holders(reply.rows[1]);
        if (turn_ == whose_turn::ours) co_return reply;
        const bool stuck = schema_lock::waits_for_us(reply.rows[1]);
        if (once || (stuck && !untouched(m)) || !tries.may_go_on(now_)) {
            reply.error = schema_lock::not_got(reply.rows[1], once, tries.attempts());
            co_return reply;
        }
        if (stuck) reply.error = co_await begin_once_more();
        if (reply.error) co_return reply;
        tries.failed();
        co_await nap(tries.pause(), true);
        if (canceled_) {
            reply.error = canceled_by_user();
            co_return reply;
        }
    }
}

// What the client has bound in it, a portal, would go with it.
bool gate::untouched(const judged_message& m) const noexcept {
    return status() == 'T' && just_begun_ && m.query && so_far_.empty() && deferred_.empty() && !hold_ && !armed_;
}

task<std::optional<protocol::error_fields>> gate::begin_once_more() {
    auto characteristics = co_await ask_safely(questions_of_characteristics(), batch_end::sync);
    if (!characteristics.ok()) co_return characteristics.error;
    auto ended = co_await ask_one("/* lockkeeper */ ROLLBACK");
    if (ended.error) co_return ended.error;
    auto begun = co_await begin_anew({}, std::move(characteristics));
    if (begun) die(protocol::sqlstate::connection_failure, "lockkeeper could not begin the transaction anew");
    co_return begun;
}

bool gate::turn_due(char status) const noexcept { return turn_ != whose_turn::others && status == 'I'; }

task<void> gate::end_turn() {
    for (int attempt = 0; attempt < attempts_to_give_back; ++attempt) {
        std::vector<policy::catalog_query> question{schema_lock::giving_back()};
        auto given = co_await ask_safely(std::move(question), batch_end::sync);
        if (!given.ok()) continue;
        turn_ = whose_turn::others;
        co_return;
    }
    die(protocol::sqlstate::connection_failure, "lockkeeper could not give back the lock of locks.serialize");
}

// All that was set up for the client's statements is put in order: the server is idle, or about to be.
task<void> gate::clear_up() {
    co_await restore(status());
    if (turn_due(status())) co_await end_turn();
}

}  // namespace proxy
