#include <algorithm>

#include "policy/quote.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/lock_wait.hpp"
#include "proxy/refusal.hpp"

// Plans in transaction blocks. Nothing CONCURRENTLY and no validation of its own can run in one, so either the rest of the
// plan waits for the client's COMMIT (transactions: defer), or the transaction is cut in two around it (split).
// One co_await per statement and none in conditions: g++ 12 destroys temporaries of such expressions twice.

namespace proxy {

using policy::deed;
using policy::timeout_class;

namespace {

std::string statements_of(const policy::plan& p) {
    std::string out;
    for (const auto& step : p.steps) out += (out.empty() ? "" : " ") + (step.sql.empty() ? step.why : text_of(step) + ";");
    return out;
}

protocol::error_fields unfinished(const deferred_work& work, const protocol::error_fields& error, bool undone) {
    const auto& p = work.plan;
    const auto by_row = work.id.empty() ? "" : "lockkeeper resume --dsn ... --id " + work.id + " (it stays in lockkeeper.pending until then). ";
    auto out = protocol::make_error("ERROR", protocol::sqlstate::lockkeeper_unfinished,
                                    "the transaction is committed, but " + p.object + " on " + p.relation +
                                        " could not be finished: " + std::string(error.get('M')));
    out.set('D', "SQLSTATE " + std::string(error.get('C')) + ". " +
                     (undone ? "What was put off until the COMMIT is not done; everything else is."
                             : "What was put off until the COMMIT is half done; everything else is done."));
    out.set('H', "To finish it, mend what was wrong and run: " + by_row + "Or by hand, outside of a transaction: " + statements_of(p));
    out.set('R', "lockkeeper");
    return out;
}

// What a migration does to a default goes on behind a split.
std::vector<deed> new_defaults(const statement_deeds& all) {
    std::vector<deed> out;
    for (const auto& of_one : all)
        std::copy_if(of_one.begin(), of_one.end(), std::back_inserter(out), [](const deed& d) { return d.what == deed::kind::added_default; });
    return out;
}

std::string begin_like(const batch_reply& characteristics) {
    const auto value = [&](std::size_t i) { return characteristics.rows[i].at(0).at(0).value_or(""); };
    return "/* lockkeeper */ BEGIN ISOLATION LEVEL " + value(0) + (value(1) == "on" ? " READ ONLY" : " READ WRITE") +
           (value(2) == "on" ? " DEFERRABLE" : " NOT DEFERRABLE");
}

}  // namespace

task<void> gate::run_plan_inside(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record) {
    if (policy::fits_inside(*d.replacement))
        co_await run_in_transaction(m, std::move(d), record);
    else if (d.way == config::transactions::split)
        co_await split(m, std::move(d), record);
    else
        co_await put_off(m, std::move(d), record);
}

// Steps that a ROLLBACK undoes like the client's own statement. False: the message is refused with the error of one.
task<bool> gate::take_inside(judged_message& m, policy::plan plan, std::vector<policy::wanted_lock> locks, std::shared_ptr<audit_record> record) {
    auto ahead = co_await run_neighbours(std::move(m.ahead));
    plan_result done{{}, std::move(ahead)};
    if (!done.error) done = co_await take_steps(m, std::move(plan), std::move(locks), record);
    if (!done.error) done.error = co_await run_neighbours(std::move(m.behind));
    co_await restore(status());
    const bool failed = done.ended.failed || done.error;
    if (failed) refuse(m, finding_of(done.error.value_or(protocol::error_fields{}), "plan"), record);
    co_return !failed;
}

void gate::note_done_inside(const judged_message& m, std::span<const policy::wanted_lock> locks, std::shared_ptr<audit_record> record) {
    note_lock_held(locks, std::move(record));
    for (const auto& of_one : m.deeds) so_far_.after(of_one);
}

// The whole plan.
task<void> gate::run_in_transaction(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record) {
    const auto locks = wanted_locks(d);
    const auto tag = d.replacement->tag;
    const bool done = co_await take_inside(m, std::move(*d.replacement), locks, record);
    if (!done) co_return;
    note_done_inside(m, locks, record);
    audit_plan(record, {}, std::nullopt, tag);
    complete(m);
    if (m.query) to_client_->add(protocol::encode_ready(status()));
}

// The first steps, up to the first one that needs a transaction of its own, run now; a ROLLBACK undoes them.
task<void> gate::put_off(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record) {
    if (so_far_.size() >= policy::transaction_memory::most) {  // what is not remembered could not be told from what was rolled back
        refuse(m, *policy::leading_finding(d), record);
        co_return;
    }
    auto& plan = *d.replacement;
    const auto locks = wanted_locks(d);
    const auto rest = std::find_if(plan.steps.begin(), plan.steps.end(),
                                   [](const policy::step& s) { return s.timeouts != timeout_class::blocking; });
    policy::plan now = plan;
    now.steps.assign(plan.steps.begin(), rest);
    plan.steps.erase(plan.steps.begin(), rest);
    for (auto& step : now.steps) {
        step.place = policy::step_place::inside;
        step.undo.clear();
        step.undo_from.clear();
        step.undo_done.clear();
    }
    // With the constraint there, what a later step leaves is half done, and a second run finishes it.
    if (!now.steps.empty())
        for (auto& step : plan.steps) {
            if (step.timeouts == timeout_class::blocking) step.undo.clear();
            step.undo_done.clear();
        }
    const bool at_once = !now.steps.empty();
    const auto tag = plan.tag;
    deferred_work work{.plan = std::move(plan), .locks = locks, .conduct = conduct_, .record = record};
    auto refused = co_await note_down(m, work);
    if (refused) {
        co_await restore(status());
        refuse(m, std::move(*refused), record);
        co_return;
    }
    const bool done = co_await take_inside(m, std::move(now), locks, record);
    if (!done) co_return;
    std::erase_if(deferred_, [&](const deferred_work& w) { return !so_far_.put_off(w.plan.relation, w.plan.object); });
    if (at_once) note_done_inside(m, locks, record);
    so_far_.after({{{.what = deed::kind::deferred, .relation = work.plan.relation, .name = work.plan.object}}});
    deferred_.push_back(std::move(work));
    audit_outcome(*record, "put off until the COMMIT", {.kind = note::statement, .sent = m.began, .tag = tag});
    complete(m);
    if (m.query) to_client_->add(protocol::encode_ready(status()));
}

// The transaction is over: what it has put off is to be done, or never.
void gate::drop_deferred(bool committed) {
    for (auto& work : deferred_) {
        if (committed && so_far_.put_off(work.plan.relation, work.plan.object))
            committed_.push_back(std::move(work));
        else
            audit_outcome(*work.record, "rolled back", {.kind = note::statement, .sent = now_});
    }
    deferred_.clear();
}

// The COMMIT that was to come before them has failed.
void gate::drop_committed() {
    for (const auto& work : committed_) audit_outcome(*work.record, "rolled back", {.kind = note::statement, .sent = now_});
    committed_.clear();
}

// A CommandComplete of the client's while something is put off. The COMMIT's own is kept back as long as nothing else is
// said to the client, so that a failure stands in its place. In the extended protocol it goes at once: the client may wait
// for it before it sends the Sync.
gate::verdict gate::on_commit_of_deferred(const protocol::ledger::reply& r, protocol::bytes body) {
    if (protocol::as_text(body.first(body.empty() ? 0 : body.size() - 1)) != "COMMIT") return verdict::pass;
    drop_deferred(true);
    if (committed_.empty() || r.answers != 'Q') return verdict::pass;
    commit_reply_ = protocol::encode_command_complete("COMMIT");
    return verdict::swallow;
}

void gate::flush_commit_reply() {
    if (!commit_reply_.empty()) to_client_->add(std::exchange(commit_reply_, {}));
}

// One failure does not keep the rest from being done; the first is told.
task<std::optional<protocol::error_fields>> gate::finish_committed(const judged_message& m) {
    std::optional<protocol::error_fields> failed;
    while (!committed_.empty()) {
        auto& work = committed_.front();
        conduct_ = work.conduct;
        auto done = co_await carry_through(m, work);
        audit_plan(work.record, done.ended, done.error, work.plan.tag);
        if (done.ended.failed && !failed)
            failed = unfinished(work, done.error.value_or(protocol::error_fields{}), done.ended.undone);
        committed_.pop_front();
    }
    co_return failed;
}

// The server has said that no transaction is open.
task<void> gate::finish_deferred() {
    running_plan_ = true;
    co_await restore(status());
    judged_message m{.query = true};
    auto timeouts = co_await ask_safely(timeout_questions(), batch_end::sync);
    if (timeouts.ok()) note_timeouts(m, timeouts);
    auto failed = co_await finish_committed(m);
    co_await clear_up();
    if (failed) {
        commit_reply_.clear();
        to_client_->add(protocol::encode_error(*failed));
    }
    flush_commit_reply();
    to_client_->add(protocol::encode_ready(status()));
}

// Commits what the client has done so far, runs the plan, and begins a transaction like the one before, with savepoints of
// the same names. What a SAVEPOINT has kept before it cannot be rolled back any more.
task<void> gate::split(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record) {
    const auto savepoints = so_far_.savepoints();
    auto ahead = co_await run_neighbours(std::move(m.ahead));
    if (ahead) {
        refuse(m, finding_of(*ahead, "plan"), record);
        co_return;
    }
    auto characteristics = co_await ask_safely(questions_of_characteristics(), batch_end::sync);
    if (!characteristics.ok()) {
        fail_before(m, characteristics.error.value_or(protocol::error_fields{}), record);
        co_return;
    }
    drop_deferred(true);
    auto committed = co_await ask_one("/* lockkeeper */ COMMIT");
    std::optional<protocol::error_fields> failed = committed.error;
    if (failed) drop_committed();
    co_await restore(status());
    if (!failed) failed = co_await finish_committed(m);
    conduct_ = d.conduct;
    if (!failed) {
        auto done = co_await take_steps(m, *d.replacement, wanted_locks(d), record);
        if (done.ended.failed) failed = std::move(done.error);
        co_await restore(status());
        if (!failed) audit_plan(record, done.ended, done.error, d.replacement->tag);
    }
    auto begun = co_await begin_anew(savepoints, std::move(characteristics));
    if (begun) {
        die(protocol::sqlstate::connection_failure, "lockkeeper could not begin a transaction in place of the one that it has committed");
        co_return;
    }
    if (!failed) failed = co_await run_neighbours(std::move(m.behind));
    if (failed) {
        refuse(m, finding_of(*failed, "plan"), record);
        co_return;
    }
    so_far_.after(new_defaults(m.deeds));
    complete(m);
    if (m.query) to_client_->add(protocol::encode_ready(status()));
}

std::vector<policy::catalog_query> gate::questions_of_characteristics() {
    return {{"/* lockkeeper */ SHOW transaction_isolation", {}},
            {"/* lockkeeper */ SHOW transaction_read_only", {}},
            {"/* lockkeeper */ SHOW transaction_deferrable", {}}};
}

task<std::optional<protocol::error_fields>> gate::begin_anew(std::vector<std::string> savepoints, batch_reply characteristics) {
    batch b{{{begin_like(characteristics), {}}}, batch_end::sync};
    for (const auto& name : savepoints) b.queries.push_back({"/* lockkeeper */ SAVEPOINT " + policy::quote_ident(name), {}});
    auto reply = co_await ask(std::move(b));
    if (reply.ok())
        for (const auto& name : savepoints) so_far_.after({{{.what = deed::kind::savepoint, .name = name}}});
    co_return reply.error;
}

}  // namespace proxy
