#include <algorithm>
#include <utility>

#include "policy/lock_mode.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/refusal.hpp"

// The hold cap (locks.max_hold): a lock is kept until the end of its transaction, so what follows a statement that has taken
// a strong one is limited too, also the time in which the client does nothing.
//
// A statement that runs is canceled; its error becomes LK003. Of many short ones (RunPython that saves row by row) the cancel may
// meet none: the next one is refused (routing.cpp), and between two of them it is waited for, because libpq shows nobody the
// reason for which a session ends. A transaction that has failed keeps its locks where they were
// taken before a savepoint: there a ROLLBACK, a BEGIN and an error of ours let them go, and the client still sees a failed
// transaction. A client that does nothing cannot be told anything, and a COMMIT in a failed transaction is answered without an
// error: it would believe in its commit. So its session ends, as idle_in_transaction_session_timeout ends one.

namespace proxy {
namespace {

// How long behind the cap a statement is tried to cancel, and how long the next one is waited for.
constexpr std::chrono::milliseconds statement_may_stay{1000}, client_may_pause{300};

}  // namespace

void gate::note_lock_held(std::span<const policy::wanted_lock> locks, std::shared_ptr<audit_record> record) {
    if (!hold_) hold_ = lock_held{.record = std::move(record)};
    if (hold_->on.empty() && !locks.empty())
        hold_->on = std::string(policy::name(locks.front().mode)) + " on " + locks.front().relation;
}

std::optional<std::chrono::steady_clock::time_point> gate::held_until() {
    if (!hold_) return std::nullopt;
    const bool between = !task_ && conversation_.owed().settled();  // the statement that takes the lock has limits of its own
    if (!hold_->since && between && status() != 'I' && conduct_.locks.max_hold > std::chrono::milliseconds::zero()) {
        hold_->since = now_;
        hold_->cap = conduct_.locks.max_hold;
    }
    if (!hold_->since) return std::nullopt;
    return *hold_->since + hold_->cap;
}

gate::relief gate::relieve(outbox& to_server, outbox& to_client) {
    if (!hold_ || !hold_->since || now_ < *hold_->since + hold_->cap) return relief::none;
    if (task_) return relief::wait;
    to_server_ = &to_server;
    to_client_ = &to_client;
    if (conversation_.phase() == protocol::phase::ready && status() == 'E' && client_rest_ == 0) {
        note_held_too_long();
        start(let_go());
        return relief::none;
    }
    const bool runs = conversation_.phase() != protocol::phase::ready;
    if (now_ < *hold_->since + hold_->cap + (runs ? statement_may_stay : client_may_pause)) {
        hold_->canceled = hold_->canceled || runs;
        return runs ? relief::cancel : relief::wait;
    }
    note_held_too_long();
    fatal_ = error_of(held_too_long());
    fatal_->set('S', "FATAL");
    fatal_->set('V', "FATAL");
    return relief::end;
}

// The client knows already that its transaction has failed; it stays so.
task<void> gate::let_go() {
    co_await ask_one("/* lockkeeper */ ROLLBACK");
    if (turn_due(status())) co_await end_turn();
    co_await ask_one("/* lockkeeper */ BEGIN");
    co_await ask_one(poison(held_too_long()));
}

bool gate::canceled_for_holding(protocol::bytes error) const {
    if (!hold_ || !hold_->canceled) return false;
    const auto fields = protocol::decode_error(error);
    return fields && fields->get('C') == protocol::sqlstate::query_canceled;
}

policy::finding gate::held_too_long() const {
    const auto ms = hold_->cap.count();
    const auto cap = ms % 1000 == 0 ? std::to_string(ms / 1000) + " s" : std::to_string(ms) + " ms";
    return {.rule = "held-too-long",
            .action = config::action::reject,
            .message = "the transaction has held " + (hold_->on.empty() ? "a strong lock" : hold_->on) + " for more than " + cap,
            .detail = "A lock is kept until the end of its transaction, and all who want to use the relation wait as long. "
                      "Nothing of the transaction is done.",
            .hint = "Give statements that take strong locks a transaction of their own, without changes of data or pauses behind "
                    "them (in Django: a migration for the schema, another one for RunPython), or raise locks.max_hold.",
            .sqlstate = std::string(protocol::sqlstate::lockkeeper_held_too_long)};
}

void gate::note_held_too_long() {
    if (!hold_ || !hold_->record) return;
    audit_outcome(*hold_->record, "held too long",
                  {.kind = note::statement, .sent = *hold_->since, .sqlstate = std::string(protocol::sqlstate::lockkeeper_held_too_long)});
    hold_->record.reset();  // once
}

// For the audit log: a statement in a transaction block has ended, and its locks stay.
void gate::note_kept(const audit_record& r) {
    if (!hold_) return;
    for (const auto& relation : r.relations) {
        const bool there = std::any_of(hold_->locks.begin(), hold_->locks.end(), [&](const auto& l) {
            return l.relation == relation.name && l.lock_mode == relation.lock_mode;
        });
        if (there || hold_->locks.size() == lock_held::most) continue;
        hold_->locks.push_back({relation.name, relation.lock_mode, r.asked});
    }
}

// The transaction has ended; `outcome` names how where no command did. A ROLLBACK TO SAVEPOINT that gives a lock back earlier, and an
// error that ends the transaction before its block, are not looked at: the times are the longest that can have been.
void gate::end_hold(std::string_view outcome) {
    const auto held = std::exchange(hold_, std::nullopt);
    if (!held || held->locks.empty()) return;
    auto r = record_of({}, true);
    r.event = "released";
    r.transaction = true;
    for (const auto& l : held->locks) {
        r.relations.push_back({l.relation, l.lock_mode, std::nullopt, milliseconds_of(now_ - l.asked)});
        r.note_hold(l.asked, now_);
    }
    const bool committed = held->ended_by.empty() || held->ended_by == "COMMIT";  // empty: a pipeline, at its Sync
    r.outcome = !outcome.empty()                          ? outcome
                : committed                               ? "committed"
                : held->ended_by == "PREPARE TRANSACTION" ? "prepared"
                                                          : "rolled back";
    audit_(std::move(r));
}

}  // namespace proxy
