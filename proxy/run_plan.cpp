#include <algorithm>

#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/lock_wait.hpp"
#include "proxy/refusal.hpp"

// A plan in place of the client's statement: each step waits for its lock as the client's own statement would.
// One co_await per statement and none in conditions: g++ 12 destroys temporaries of such expressions twice.

namespace proxy {

using policy::timeout_class;
using std::chrono::milliseconds;

namespace {

step_outcome outcome_of(const batch_reply& reply) {
    step_outcome outcome{.ok = reply.ok()};
    if (reply.error) outcome.sqlstate = reply.error->get('C');
    if (reply.rows.empty()) return outcome;
    if (!reply.rows[0].empty()) outcome.row = reply.rows[0].front();
    for (const auto& row : reply.rows[0])
        if (!row.empty() && row[0]) outcome.statements.push_back(*row[0]);
    if (!outcome.statements.empty()) outcome.answer = outcome.statements.front() == "t";
    return outcome;
}

std::string done_in_part(const protocol::error_fields& error, std::uint64_t rows) {
    const auto detail = error.get('D');
    return std::string(detail) + (detail.empty() ? "" : " ") + std::to_string(rows) + " rows were done before that, in parts that are committed.";
}

}  // namespace

// In the client's transaction block a failure is undone by itself, so that it may be tried again.
task<batch_reply> gate::ask_in_place(run_step step) {
    std::vector<policy::catalog_query> together{{std::move(step.sql), {}}};
    for (auto& next : step.and_then) together.push_back({std::move(next), {}});
    auto reply = co_await ask_safely(std::move(together), batch_end::sync);
    co_return reply;
}

// What is taken back needs its lock as well, and a cancel does not stop it.
task<batch_reply> gate::attempt_step(const judged_message& m, run_step step, std::vector<policy::wanted_lock> locks) {
    lock_attempts tries(conduct_.locks, conduct_.timeouts.lock, step.undo ? milliseconds::zero() : m.statement_timeout,
                        who_.session, now_);
    const auto began = now_;
    batch_reply reply;
    for (;;) {
        auto turn = co_await await_turn(m, locks, tries, !step.undo);
        if (turn.error) {
            reply.error = std::move(turn.error);
            co_return reply;
        }
        const auto sent = now_;
        in_flight_.begin();
        reply = co_await ask_in_place(step);
        std::string code(reply.error ? reply.error->get('C') : "");
        auto crowded = co_await end_attempt(std::move(code));
        if (crowded) reply.error = std::move(crowded);
        const bool lost = reply.error && lost_the_lock(reply.error->get('C'));
        if (in_hand_ && (!lost || turn.last)) in_hand_->note_wait(began, sent, lost, now_, tries.attempts());
        if (!lost) {
            note_step_taken(sent);
            co_return reply;
        }
        if (turn.last) {
            reply.error = with_holders(std::move(*reply.error), turn.holders, tries.attempts());
            co_return reply;
        }
        tries.failed();
    }
}

// What a step of a plan has locked it keeps to the end of its transaction.
void gate::note_step_taken(std::chrono::steady_clock::time_point sent) {
    if (!in_hand_) return;
    if (in_hand_->asked == std::chrono::steady_clock::time_point{}) in_hand_->asked = sent;
    if (status() != 'T') in_hand_->note_hold(sent, now_);
}

task<batch_reply> gate::take_step(const judged_message& m, run_step step, std::vector<policy::wanted_lock> locks, part_size& size) {
    batch_reply reply;
    if (step.part) {
        reply = co_await take_part(m, std::move(step), size);
        co_return reply;
    }
    if (step.guard) {
        reply = co_await ask_one(step.sql);
        co_return reply;
    }
    const bool strong = step.timeouts == timeout_class::blocking;
    if (strong && conduct_.locks.budget > milliseconds::zero() && !(status() == 'T' && hold_)) {
        reply = co_await attempt_step(m, std::move(step), std::move(locks));
        co_return reply;
    }
    reply = co_await arm(m, step.timeouts, !strong);
    if (!reply.ok()) co_return reply;
    const auto sent = now_;
    reply = co_await ask_in_place(std::move(step));
    if (strong && !(reply.error && lost_the_lock(reply.error->get('C')))) note_step_taken(sent);
    co_return reply;
}

// Gives the client one answer: the tag that its own statement would have got, or the error of the step that failed.
task<void> gate::run_plan(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record) {
    auto done = co_await take_steps(m, *d.replacement, wanted_locks(d), record);
    co_await clear_up();
    auto tag = d.replacement->tag;
    if (d.replacement->counts_rows) {
        tag += " " + std::to_string(done.ended.rows);
        m.tags = {tag};
        if (done.error && done.ended.rows > 0) done.error->set('D', done_in_part(*done.error, done.ended.rows));
    }
    answer_plan(m, done.ended, std::move(done.error), tag, record);
}

// `whole`: what a step waits for that names no locks of its own.
task<plan_result> gate::take_steps(const judged_message& m, policy::plan plan, std::vector<policy::wanted_lock> whole,
                                   std::shared_ptr<audit_record> record) {
    running_plan_ = true;
    plan_began_ = now_;
    in_hand_ = record;
    progress_.emplace(now_);
    plan_machine machine(std::move(plan));
    std::optional<protocol::error_fields> error;
    part_size size;
    auto began = now_;
    auto action = machine.start();
    while (const auto* next = std::get_if<run_step>(&action)) {
        const auto step = *next;
        if (canceled_ && !step.undo) {
            error = canceled_by_user();
            if (record && step.again) audit_step_ended(record, batch_reply{.error = error}, now_ - began);
            action = machine.on_cancel();
            continue;
        }
        const auto& own = machine.plan().steps[step.step].locks;
        if (!step.again) began = now_;
        if (record && !step.guard && !step.again) audit_step_begun(record, step);
        if (!step.guard && !step.again && progress_->enter(machine.plan(), step, now_)) tell_progress();
        auto reply = co_await take_step(m, step, own.empty() ? whole : own, size);
        // The signal may have come together with a timeout, which is what the server reports then.
        if (reply.error && !error) error = canceled_ ? canceled_by_user() : reply.error;
        action = machine.on_outcome(outcome_of(reply));
        const auto* following = std::get_if<run_step>(&action);
        const bool goes_on = following != nullptr && following->again;  // in parts: they are one step to those who read the log
        if (record && !step.guard && !goes_on) audit_step_ended(record, reply, now_ - began);
    }
    progress_.reset();
    co_return plan_result{std::get<plan_ended>(action), std::move(error)};
}

void gate::tell_progress() { to_client_->add(protocol::encode_notice(progress_->notice(now_, nap_.has_value()))); }

void gate::answer_plan(const judged_message& m, const plan_ended& ended, std::optional<protocol::error_fields> error,
                       const std::string& tag, const std::shared_ptr<audit_record>& record) {
    const bool failed = ended.failed.has_value();
    if (failed)
        to_client_->add(protocol::encode_error(without_position(error.value_or(protocol::error_fields{}))));
    else
        complete(m);
    if (m.query)
        to_client_->add(protocol::encode_ready(status()));
    else
        discarding_ = failed;
    audit_plan(record, ended, error, tag);
}

// Django sends SET CONSTRAINTS in one text with the statement that makes or drops the constraint.
void gate::note_neighbours(judged_message& m, const policy::decision& d) const {
    bool passed = false;
    for (const auto& s : d.statements) {
        const bool neighbour = s.kind == "SET CONSTRAINTS";
        m.tags.push_back(neighbour ? s.kind : d.replacement->tag);
        if (neighbour) (passed ? m.behind : m.ahead).push_back(m.text->text().substr(s.offset, s.length));
        else passed = true;
    }
}

// Outside of a transaction block they would do nothing.
task<std::optional<protocol::error_fields>> gate::run_neighbours(std::vector<std::string> statements) {
    std::optional<protocol::error_fields> error;
    for (auto& sql : statements) {
        if (error || status() != 'T') break;
        run_step neighbour{.sql = std::move(sql)};
        auto reply = co_await ask_in_place(std::move(neighbour));
        error = std::move(reply.error);
    }
    co_return error;
}

void gate::complete(const judged_message& m) {
    for (const auto& tag : m.tags) to_client_->add(protocol::encode_command_complete(tag));
}

// A plan without steps: what the statement does is there already, or not wanted.
task<void> gate::answer_unrun(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record) {
    co_await clear_up();
    to_client_->add(protocol::encode_notice(notice_of_unrun(*policy::leading_finding(d))));
    complete(m);
    if (m.query) to_client_->add(protocol::encode_ready(status()));
    audit_outcome(*record, "answered without being run", {.kind = note::statement, .sent = m.began, .tag = d.replacement->tag});
}

}  // namespace proxy
