#include <algorithm>

#include "policy/qualified_sql.hpp"
#include "protocol/frontend.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/guc.hpp"
#include "proxy/lock_wait.hpp"
#include "proxy/refusal.hpp"

// How a statement gets its strong lock without holding up everybody else: look, try briefly, step back, wait.
// One co_await per statement and none in conditions: g++ 12 destroys temporaries of such expressions twice.

namespace proxy {

using policy::timeout_class;
using std::chrono::milliseconds;

namespace {

constexpr std::chrono::seconds cancel_may_take{6};  // longer than a canceler's patience
constexpr std::chrono::seconds cancel_again{1};     // where the question goes on

void send_ours(const protocol::buffer& message, outbox& to_server, protocol::conversation& conversation) {
    to_server.add(protocol::buffer(message));
    (void)conversation.on_frontend(static_cast<char>(message[0]), protocol::sender::ours);  // the line is settled
}

}  // namespace

struct gate::wait_for_held {
    gate& g;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) const noexcept { g.waiting_ = h; }
    held_reply await_resume() const { return *std::exchange(g.held_, std::nullopt); }
};

// In a transaction that holds a strong lock already, waiting would only extend that one: there the first failure stands.
bool gate::may_attempt(const judged_message& m, const policy::decision& d) const noexcept {
    return conduct_.locks.budget > milliseconds::zero() && d.timeouts == timeout_class::blocking && d.repeatable &&
           !d.sets_timeouts && !m.unsynced && !known_.replication && !(status() == 'T' && hold_);
}

void gate::way_given() noexcept {
    if (!in_flight_.gives_way() && !question_.telling()) return;
    if (in_flight_.gives_way()) in_flight_.way_given();
    question_.told();
    if (nap_ && in_flight_.ended() && !question_.is_there()) nap_->until = now_;
}

// A question has been answered, or given up. As in end_attempt(), nothing may follow while a cancel is on its way; one of the client's own
// counts first.
task<void> gate::end_question(batch_reply& reply) {
    const bool given_up = question_.end();
    if (question_.telling()) co_await nap(cancel_may_take, false);
    question_.told();
    if (!given_up || canceled_ || !reply.error || reply.error->get('C') != protocol::sqlstate::query_canceled) co_return;
    reply.error = protocol::make_error("ERROR", protocol::sqlstate::lock_not_available,
                                       "the catalog gave no answer within " + std::to_string(question_.within.count()) +
                                           " ms (timeouts.catalog): is it locked, as by VACUUM FULL pg_class?");
}

struct gate::wait_for_time {
    gate& g;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) const noexcept { g.waiting_ = h; }
    void await_resume() const noexcept { g.nap_.reset(); }
};

// The server does nothing meanwhile: a statement that sleeps in a transaction would have a snapshot, and whoever builds an
// index CONCURRENTLY and finds that waits for the end of the whole transaction.
task<void> gate::nap(milliseconds pause, bool heed_cancel) {
    nap_ = nap_in_hand{now_ + pause, heed_cancel};
    wait_for_time over{*this};
    co_await over;
}

std::optional<std::chrono::steady_clock::time_point> gate::wake_at() const noexcept {
    std::optional<std::chrono::steady_clock::time_point> at;
    if (nap_) at = nap_->over(now_, canceled_) ? now_ : nap_->until;
    for (const auto due : {progress_ ? progress_->due() : std::nullopt, question_.until()})
        if (due && (!at || *due < *at)) at = due;
    return at;
}

bool gate::wake(outbox& to_server, outbox& to_client) {
    to_server_ = &to_server;
    to_client_ = &to_client;
    // A NoticeResponse may come at any time (manual, "Asynchronous Operations"), but for the middle of another message.
    if (const auto due = progress_ ? progress_->due() : std::nullopt; due && *due <= now_) {
        if (at_border()) tell_progress();
        else progress_->postpone(now_);
    }
    const auto until = question_.until();
    const bool overdue = until && *until <= now_;
    if (overdue) question_.give_up(now_ + cancel_again);
    advance();
    return overdue;
}

// An attempt has been answered. Where the server was told to cancel it (locks.max_queue), nothing follows until the signal has
// been sent, for it would meet what follows: once it is sent, a server process that is idle forgets it. Returns what the attempt has
// failed with then; a cancel of the client's own counts first.
task<std::optional<protocol::error_fields>> gate::end_attempt(std::string sqlstate) {
    in_flight_.end();
    if (!in_flight_.gives_way()) co_return std::nullopt;
    if (!in_flight_.way_is_given()) co_await nap(cancel_may_take, false);
    const auto queue = in_flight_.take_queue();
    if (sqlstate != protocol::sqlstate::query_canceled || canceled_) co_return std::nullopt;
    if (in_hand_) ++in_hand_->gave_way;
    counts_.attempts_given_up.add();
    co_return protocol::make_error("ERROR", protocol::sqlstate::lock_not_available,
                                   "gave up waiting for a lock, because " + std::to_string(queue) +
                                       " sessions queued behind it (locks.max_queue)");
}

// The text of the client's Query between our timeouts and our Sync. Outside of a transaction block they are one transaction:
// the timeouts end with it, and where they fail the statement is skipped. Inside, they are set back behind the statement; an
// error takes them back with what follows the savepoint. What a Query does besides is done, too: the unnamed statement and
// the unnamed portal go, behind an error by forget_text(). The server times each Execute by itself, and from the Parse in
// front of it on, so that the client's own statement_timeout, under which ours is set, does not go on
// (tests/integration/test_at_once.py).
task<held_reply> gate::try_at_once(const judged_message& m, milliseconds lock, bool inside) {
    const armed_timeouts limits{.values = {{"lock_timeout", {m.lock_timeout, stricter(m.lock_timeout, lock)}},
                                           {"statement_timeout", {m.statement_timeout,
                                                                  stricter(m.statement_timeout, conduct_.timeouts.statement)}}},
                                .local = true};
    batch ahead{{}, batch_end::none}, behind;
    if (inside) ahead.queries.push_back({"/* lockkeeper */ SAVEPOINT _lockkeeper", {}});
    ahead.queries.push_back(setting(limits));
    counts_.batches.add();
    to_server_->add(encode(ahead, conversation_));
    send_ours(protocol::encode_parse("", m.text->text()), *to_server_, conversation_);
    send_ours(protocol::encode_bind("", "", {}), *to_server_, conversation_);
    send_ours(protocol::encode_execute(""), *to_server_, conversation_);
    send_ours(protocol::encode_close('P', ""), *to_server_, conversation_);
    send_ours(protocol::encode_close('S', ""), *to_server_, conversation_);
    if (inside) {
        behind.queries = setting_back(limits);
        behind.queries.push_back({"/* lockkeeper */ RELEASE SAVEPOINT _lockkeeper", {}});
        to_server_->add(encode(behind, conversation_));
    } else {
        send_ours(protocol::encode_sync(), *to_server_, conversation_);
    }
    in_flight_.begin();
    held_.emplace(ahead.queries.size());
    exchange_done_ = false;
    wait_for_held wait{*this};
    auto reply = co_await wait;
    co_return reply;
}

// The error has made the server skip what was to close the unnamed statement: a Bind to it would run the text unjudged.
task<void> gate::forget_text() {
    send_ours(protocol::encode_close('S', ""), *to_server_, conversation_);
    batch none;
    co_await ask(std::move(none));
}

// The client's own message, its answer held back. Inside a transaction block a savepoint stands before it.
task<held_reply> gate::try_once(judged_message& m, bool inside) {
    if (inside) {
        auto marked = co_await ask_one("/* lockkeeper */ SAVEPOINT _lockkeeper");
        if (marked.error) {
            held_reply failed;
            failed.error = marked.error;
            co_return failed;
        }
    }
    if (m.rebind) {
        const auto bind = protocol::decode_bind({'B', protocol::bytes(m.bind).subspan(protocol::header_size), m.bind});
        if (bind) send_ours(protocol::encode_close('P', bind->portal), *to_server_, conversation_);
        send_ours(m.bind, *to_server_, conversation_);
    }
    send_ours(m.message, *to_server_, conversation_);
    if (!m.query) send_ours(protocol::encode_flush(), *to_server_, conversation_);
    in_flight_.begin();
    held_.emplace();
    exchange_done_ = false;
    wait_for_held wait{*this};
    auto reply = co_await wait;
    co_return reply;
}

// Undoes a failed attempt: outside a transaction block the server has done it, but skips up to a Sync.
task<void> gate::step_back(judged_message& m, bool inside) {
    m.rebind = !m.query;  // the failure took the portal
    batch back;
    if (inside) {
        back.queries.push_back({"/* lockkeeper */ ROLLBACK TO SAVEPOINT _lockkeeper", {}});
        back.queries.push_back({"/* lockkeeper */ RELEASE SAVEPOINT _lockkeeper", {}});
    }
    batch none;
    if (!m.query) co_await ask(std::move(none));
    if (inside) co_await ask(std::move(back));
}

// The server cancels autovacuum once somebody has waited for it for deadlock_timeout, which is longer than an attempt. So it
// is waited for with a lock that lets reads and writes go on, and nobody queues behind us. An index or a materialized view
// cannot be locked by hand: there the attempt finds out.
task<void> gate::send_away(lock_holder autovacuum) {
    const bool inside = status() == 'T';
    const auto patience = 2 * parse_time_setting(autovacuum.deadlock_timeout).value_or(std::chrono::seconds(1));
    const std::string back = inside ? "/* lockkeeper */ ROLLBACK TO SAVEPOINT _lockkeeper" : "/* lockkeeper */ ROLLBACK";
    batch lock{{{inside ? "/* lockkeeper */ SAVEPOINT _lockkeeper" : "/* lockkeeper */ BEGIN", {}},
                {"/* lockkeeper */ SET LOCAL lock_timeout = " + std::to_string(patience.count()), {}},
                {"/* lockkeeper */ SET LOCAL statement_timeout = " + std::to_string(2 * patience.count()), {}},
                {"/* lockkeeper */ LOCK TABLE ONLY " + autovacuum.relation + " IN SHARE UPDATE EXCLUSIVE MODE", {}},
                {back, {}}},
               batch_end::sync};
    auto locked = co_await ask(std::move(lock));
    if (locked.error) co_await ask_one(back);
    if (inside) co_await ask_one("/* lockkeeper */ RELEASE SAVEPOINT _lockkeeper");
}

// Waits without queueing until nobody is in the way whom one would have to wait for long. The next, short attempt is armed
// while looking, which saves a round trip where nobody is.
task<lock_turn> gate::await_turn(const judged_message& m, std::vector<policy::wanted_lock> locks, lock_attempts& tries,
                                 bool heed_cancel) {
    lock_turn turn;
    bool sent_away = false;
    for (bool pause = tries.attempts() > 1;; pause = true) {
        if (pause) {
            co_await nap(tries.pause(), heed_cancel);
            if (canceled_ && heed_cancel) {
                turn.error = canceled_by_user();
                co_return turn;
            }
        }
        std::vector<policy::catalog_query> question;
        if (!tries.looked()) question.push_back(holders_query(locks, conduct_.locks.old_after));
        auto looked = co_await arm(m, timeout_class::blocking, false, tries.timeout(), std::move(question));
        turn.error = looked.error;
        if (turn.error && turn.error->get('C') == protocol::sqlstate::query_canceled && heed_cancel) co_return turn;
        turn.holders = looked.ok() && !looked.rows.empty() ? read_holders(looked.rows[0]) : std::vector<lock_holder>{};
        turn.last = !tries.may_go_on(now_);
        in_the_way_ = turn.holders;
        attempts_ = tries.attempts();
        const auto giving_way = take_giving_way(turn.holders);
        if (turn.holders.empty() && !giving_way.empty() && !sent_away && !turn.last) {
            sent_away = true;
            co_await send_away(giving_way.front());
            continue;
        }
        if (turn.holders.empty() || turn.last) break;
    }
    if (!turn.error) co_return turn;
    auto armed = co_await arm(m, timeout_class::blocking, false, tries.timeout());
    turn.error = armed.error;
    co_return turn;
}

task<void> gate::attempt(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record) {
    const bool inside = status() == 'T';
    const auto locks = wanted_locks(d);
    lock_attempts tries(conduct_.locks, conduct_.timeouts.lock, m.statement_timeout, who_.session, now_, seen_unlocked(d));
    const bool alone = m.query && !m.by_name && m.text->single() && !armed_;
    const auto began = now_;
    auto sent = now_;
    lock_turn turn;
    held_reply reply;
    bool at_once = false;
    attempts_ = tries.attempts();
    for (;;) {
        at_once = alone && tries.looked();
        if (!at_once) turn = co_await await_turn(m, locks, tries, true);
        if (!turn.error) {
            sent = now_;
            if (at_once) reply = co_await try_at_once(m, tries.timeout(), inside);
            else reply = co_await try_once(m, inside);
            std::string code(reply.sqlstate());
            auto crowded = co_await end_attempt(std::move(code));
            if (at_once && reply.error) co_await forget_text();
            if (crowded) reply.error = std::move(crowded);
            else if (reply.failed_ahead() && !inside) turn.error = reply.error;
        }
        if (turn.error) {
            if (record) record->note_wait(began, now_, true, now_, tries.attempts());
            co_return fail_before(m, *turn.error, record);
        }
        if (turn.last || !lost_the_lock(reply.sqlstate())) break;
        tries.failed();
        co_await step_back(m, inside);
    }
    if (lost_the_lock(reply.sqlstate())) reply.error = with_holders(std::move(*reply.error), turn.holders, tries.attempts());
    if (record) {
        record->sent = true;
        record->asked = sent;
        record->note_wait(began, sent, lost_the_lock(reply.sqlstate()), now_, tries.attempts());
    }
    if (inside && !at_once && !reply.error) co_await ask_one("/* lockkeeper */ RELEASE SAVEPOINT _lockkeeper");
    if (inside && !reply.error) note_lock_held(locks, record);
    co_await answer_held(m, std::move(reply), inside, record);
}

// What was held is the answer: it goes to the client now, and all around it is put in order.
task<void> gate::answer_held(judged_message& m, held_reply reply, bool inside, std::shared_ptr<audit_record> record) {
    const bool failed = reply.error.has_value();
    noted done{.kind = note::statement, .script = m.text, .record = std::move(record), .sent = m.began, .tag = reply.command_tag,
               .sqlstate = std::string(reply.sqlstate())};
    if (inside && !failed)
        for (const auto& of_one : m.deeds) so_far_.after(of_one);
    if (m.query) co_await clear_up();
    to_client_->add(std::move(reply.messages));
    if (failed) to_client_->add(protocol::encode_error(*reply.error));
    if (m.query) {
        if (status() == 'I') prepared_.unbind_all();
        to_client_->add(protocol::encode_ready(status()));
    }
    finish(std::move(done), {});
}

}  // namespace proxy
