#include <algorithm>

#include "policy/rerun.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/guc.hpp"
#include "proxy/ledger_table.hpp"
#include "proxy/refusal.hpp"

// Work that outlives the session: it is written down in lockkeeper.pending by the transaction that puts it off, and crossed
// out when it is done. Whoever does it (this session behind the COMMIT, or `lockkeeper resume` later) does it here.
// One co_await per statement and none in conditions: g++ 12 destroys temporaries of such expressions twice.

namespace proxy {

using policy::timeout_class;

namespace {

constexpr int attempts_to_tidy = 3;  // a cancel that comes late may hit any statement of ours

protocol::error_fields error_in(const batch_reply& reply) { return reply.error.value_or(protocol::error_fields{}); }

policy::finding no_ledger(std::string why) {
    return {.rule = "ledger",
            .action = config::action::reject,
            .message = "what is put off until the COMMIT cannot be written to lockkeeper.pending: " + std::move(why),
            .detail = "Without its row nobody would know of the work if Lockkeeper or the server stopped between the COMMIT and its end.",
            .hint = "Run once, as the owner of the database or a superuser: lockkeeper ledger create --dsn ... Or send the statement "
                    "outside of a transaction, or set ledger: none.",
            .sqlstate = std::string(protocol::sqlstate::lockkeeper_rejected)};
}

std::string text_at(const batch_reply& reply, std::size_t query, std::size_t column) {
    if (reply.rows.size() <= query || reply.rows[query].empty() || reply.rows[query][0].size() <= column) return {};
    return reply.rows[query][0][column].value_or("");
}

// Nothing in the answer: there is no table.
std::optional<policy::finding> distrusted(const batch_reply& there, std::size_t question) {
    if (text_at(there, question, 1) != "f") return std::nullopt;
    return no_ledger("it belongs to " + text_at(there, question, 0) + ", whose triggers on it would run as the role of this session");
}

}  // namespace

// Its row, in the client's transaction and under its savepoint.
task<std::optional<policy::finding>> gate::note_down(const judged_message& m, deferred_work& work) {
    std::vector<policy::catalog_query> question{ledger_table::settings_question()};
    auto now = co_await ask_safely(std::move(question), batch_end::sync);
    if (!now.ok()) co_return finding_of(error_in(now), "plan");
    for (const auto& row : now.rows[0])
        if (row.size() == 2 && row[0] && row[1]) work.settings[*row[0]] = *row[1];
    if (conduct_.ledger == config::ledger::none) co_return std::nullopt;
    auto armed = co_await arm(m, timeout_class::blocking, false);
    if (!armed.ok()) co_return finding_of(error_in(armed), "plan");
    auto closed = co_await open_ledger(m);
    if (closed) co_return closed;
    std::vector<policy::catalog_query> entry{ledger_table::entry(work, known_.application_name)};
    auto written = co_await ask_safely(std::move(entry), batch_end::sync);
    if (!written.ok()) co_return no_ledger(std::string(error_in(written).get('M')));
    work.id = work.record->ledger = text_at(written, 0, 0);
    co_return std::nullopt;
}

task<std::optional<policy::finding>> gate::open_ledger(const judged_message& m) {
    std::vector<policy::catalog_query> question{ledger_table::question()};
    auto there = co_await ask_safely(std::move(question), batch_end::sync);
    if (!there.ok()) co_return no_ledger(std::string(error_in(there).get('M')));
    if (!there.rows[0].empty()) co_return distrusted(there, 0);
    auto failed = co_await create_ledger(m);
    co_return failed;
}

// In the client's transaction too. Where another one makes it at the same time, its end is waited for; what is found then is
// used. A strong lock is not kept for longer meanwhile than it may be kept at all.
task<std::optional<policy::finding>> gate::create_ledger(const judged_message& m) {
    auto patience = conduct_.locks;
    if (hold_) patience.budget = std::min(patience.budget, stricter(patience.max_hold, patience.budget));
    lock_attempts tries(patience, {}, m.statement_timeout, who_.session, now_);
    for (;; tries.failed()) {
        std::vector<policy::catalog_query> questions{ledger_table::creation_lock(), ledger_table::question()};
        auto turn = co_await ask_safely(std::move(questions), batch_end::sync);
        if (!turn.ok()) co_return no_ledger(std::string(error_in(turn).get('M')));
        if (!turn.rows[1].empty()) co_return distrusted(turn, 1);
        if (text_at(turn, 0, 0) == "t") break;
        if (!tries.may_go_on(now_)) co_return no_ledger("another transaction is making it. Try again when that has ended");
        co_await nap(tries.pause(), true);
        if (canceled_) co_return finding_of(canceled_by_user(), "canceled");
    }
    auto made = co_await ask_safely(ledger_table::creation(), batch_end::sync);
    if (!made.ok()) co_return no_ledger(std::string(error_in(made).get('M')));
    co_return std::nullopt;
}

// What a row tells of that a session before has left behind.
void gate::resume(deferred_work work, std::string_view statement, outbox& to_server, outbox& to_client) {
    to_server_ = &to_server;
    to_client_ = &to_client;
    in_ = {};
    run_ = 0;
    conduct_ = policy::conduct_for(facts_of_session({}), *settings_);
    work.conduct = conduct_;
    work.again = true;
    work.record = std::make_shared<audit_record>(record_of(statement, true));
    work.record->kind = work.plan.tag;
    work.record->timeout_class = std::string(policy::name(timeout_class::online));
    work.record->action = "resume";
    work.record->ledger = work.id;
    committed_.push_back(std::move(work));
    start(finish_deferred());
}

// The work itself, alone: nobody else is at it, it is not done yet, and the session is as it was when it was put off.
task<plan_result> gate::carry_through(const judged_message& m, deferred_work& work) {
    plan_began_ = now_;
    plan_result out;
    if (conduct_.locks.serialize && turn_ != whose_turn::ours) {
        auto reply = co_await take_turn(m);
        out.error = std::move(reply.error);
    }
    if (!out.error) out.error = co_await take_over(work);
    if (work.over) co_return out;
    std::map<std::string, std::string> before;
    if (!out.error) out.error = co_await put_on(work.settings, &before);
    if (out.error) out.ended.failed = 0;
    else out = co_await take_steps(m, work.plan, work.locks, work.record);
    co_await put_back(before);
    co_await cross_out(m, work, out);
    co_return out;
}

task<std::optional<protocol::error_fields>> gate::take_over(deferred_work& work) {
    if (work.id.empty()) co_return std::nullopt;
    auto waited = co_await wait_for_work(work);
    if (waited) co_return waited;
    work.in_hand = true;
    std::vector<policy::catalog_query> questions{ledger_table::presence(work.id)};
    const auto index = policy::rerun_question(work.plan);
    if (work.again && index) questions.push_back(*index);
    auto found = co_await ask_safely(std::move(questions), batch_end::sync);
    if (!found.ok()) co_return error_in(found);
    work.over = found.rows[0].empty();
    if (work.over) co_await hand_back(work);
    if (work.over || found.rows.size() < 2) co_return std::nullopt;
    const auto why_not = policy::prepare_rerun(work.plan, found.rows[1]);
    if (why_not.empty()) co_return std::nullopt;
    co_return protocol::make_error("ERROR", protocol::sqlstate::duplicate_object, why_not);
}

// Somebody who resumes may have found the row before we did, or the session that was lost may still be at it.
task<std::optional<protocol::error_fields>> gate::wait_for_work(deferred_work& work) {
    lock_attempts tries(conduct_.locks, conduct_.timeouts.lock, std::chrono::milliseconds::zero(), who_.session, now_);
    for (;;) {
        auto taken = co_await ask_one(ledger_table::taking(work.id).sql);
        if (!taken.ok()) co_return error_in(taken);
        if (text_at(taken, 0, 0) == "t") co_return std::nullopt;
        work.again = true;
        if (!tries.may_go_on(now_)) break;
        tries.failed();
        co_await nap(tries.pause(), true);
        if (canceled_) co_return canceled_by_user();
    }
    auto holder = co_await ask_one(ledger_table::holder(work.id).sql);
    const auto pid = text_at(holder, 0, 0);
    co_return protocol::make_error("ERROR", protocol::sqlstate::lock_not_available,
                                   "another session is at work on it" + (pid.empty() ? std::string() : ": pid " + pid));
}

// Only what differs. `before`: what was in force, for put_back.
task<std::optional<protocol::error_fields>> gate::put_on(const std::map<std::string, std::string>& wanted,
                                                         std::map<std::string, std::string>* before) {
    std::vector<policy::catalog_query> question{ledger_table::settings_question()};
    auto now = co_await ask_safely(std::move(question), batch_end::sync);
    if (!now.ok()) co_return error_in(now);
    std::vector<policy::catalog_query> sets;
    for (const auto& row : now.rows[0]) {
        if (row.size() < 2 || !row[0] || !row[1]) continue;
        const auto there = wanted.find(*row[0]);
        if (there == wanted.end() || there->second == *row[1]) continue;
        if (before) (*before)[*row[0]] = *row[1];
        sets.push_back(ledger_table::set(*row[0], there->second));
    }
    if (sets.empty()) co_return std::nullopt;
    auto done = co_await ask_safely(std::move(sets), batch_end::sync);
    co_return done.error;
}

task<void> gate::put_back(std::map<std::string, std::string> before) {
    if (before.empty()) co_return;
    for (int attempt = 0; attempt < attempts_to_tidy; ++attempt) {
        auto failed = co_await put_on(before, nullptr);
        if (!failed) co_return;
    }
    die(protocol::sqlstate::connection_failure, "lockkeeper could not restore the settings of the session");
}

// The row goes with the work, or tells why it is still there. Where that fails it stays, and who resumes finds all done.
task<void> gate::cross_out(const judged_message& m, const deferred_work& work, const plan_result& done) {
    if (!work.in_hand) co_return;
    auto armed = co_await arm(m, timeout_class::blocking, true);
    (void)armed;
    const auto error = done.error.value_or(protocol::error_fields{});
    const auto last = done.ended.failed ? ledger_table::failure(work.id, std::string(error.get('C')) + ": " + std::string(error.get('M')))
                                        : ledger_table::removal(work.id);
    for (int attempt = 0; attempt < attempts_to_tidy; ++attempt) {
        std::vector<policy::catalog_query> one{last};
        auto written = co_await ask_safely(std::move(one), batch_end::sync);
        if (written.ok()) break;
    }
    co_await hand_back(work);
}

task<void> gate::hand_back(const deferred_work& work) {
    for (int attempt = 0; attempt < attempts_to_tidy; ++attempt) {
        auto given = co_await ask_one(ledger_table::giving_back(work.id).sql);
        if (given.ok()) co_return;
    }
}

}  // namespace proxy
