#pragma once

#include <chrono>
#include <coroutine>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "config/settings.hpp"
#include "policy/judge.hpp"
#include "protocol/backend.hpp"
#include "protocol/conversation.hpp"
#include "protocol/frame.hpp"
#include "protocol/startup.hpp"
#include "proxy/activity.hpp"
#include "proxy/armed_timeouts.hpp"
#include "proxy/attempt_in_flight.hpp"
#include "proxy/audit.hpp"
#include "proxy/batch.hpp"
#include "proxy/cancel_stage.hpp"
#include "proxy/counters.hpp"
#include "proxy/ddl_under_way.hpp"
#include "proxy/deferred_work.hpp"
#include "proxy/greeting.hpp"
#include "proxy/held_budget.hpp"
#include "proxy/held_reply.hpp"
#include "proxy/judged_message.hpp"
#include "proxy/kept_statements.hpp"
#include "proxy/known_session.hpp"
#include "proxy/lock_held.hpp"
#include "proxy/lock_wait.hpp"
#include "proxy/long_text.hpp"
#include "proxy/noted.hpp"
#include "proxy/outbox.hpp"
#include "proxy/part_size.hpp"
#include "proxy/plan_machine.hpp"
#include "proxy/plan_progress.hpp"
#include "proxy/prepared.hpp"
#include "proxy/question_in_flight.hpp"
#include "proxy/task.hpp"

namespace proxy {

// The gate: where enforcement is. Bytes of both directions in, bytes for both directions out; pure, no sockets.
//
// Theory of operation. The gate walks message headers. What cannot be DDL is forwarded where it lies. A Query or an
// Execute that has to be judged closes the gate for the client (it is not read; back-pressure is free), and a task runs
// it: wait until everything sent before is answered, ask the server for the facts, decide, set the timeouts, and then
// forward the message, or send one in its place that the server must reject (and put our words into its
// ErrorResponse), or run a plan and answer with its result. What was set is restored before the client sees the next
// ReadyForQuery. Our own statements go as extended-protocol batches under reserved names, so the client's unnamed
// statement and its portals survive; their replies are swallowed.
class gate {
public:
    // Who the client is; the session fills in what it knows when it makes the gate.
    struct identity {
        std::uint64_t session = 0;
        std::string client;  // address and port
        policy::moment (*clock)() = nullptr;  // for scopes with hours; null: those do not match
        proxy::counters* counts = nullptr;    // of the thread; null: nobody asks
        held_budget* held = nullptr;          // of all threads; null: no limit
    };

    gate(std::shared_ptr<const config::settings> settings, identity who, audit_sink audit);
    ~gate();
    gate(const gate&) = delete;
    gate& operator=(const gate&) = delete;

    // The StartupMessage was sent to the server. `first` decides about what the server says up to its first ReadyForQuery.
    void on_startup(const protocol::startup_message& startup, greeting first = {});
    // ... and it has found that another server is to be asked; fatal() is set.
    bool wrong_server() const noexcept { return wrong_server_; }

    // Bytes of the client's (server's), from the first one not consumed before. Returns how many are dealt with; the rest
    // is to be kept and shown again, longer or when the gate has opened. What is to be sent stands in the outboxes,
    // slices of `in` included: send before `in` goes.
    std::size_t from_client(protocol::bytes in, outbox& to_server, outbox& to_client);
    std::size_t from_server(protocol::bytes in, outbox& to_client, outbox& to_server);

    // The client is not to be read: a statement of its is being judged, what was set for it is not restored yet, or the
    // server owes it too many replies.
    bool closed() const noexcept;
    // All that went to the server has left the outbox and the buffer behind it.
    void note_sent() noexcept { on_its_way_.give_back(); }
    // Statements of ours run in place of the client's: they are finished even if the client goes.
    bool running_plan() const noexcept { return running_plan_ || !committed_.empty() || (awaiting_ready_ && !deferred_.empty()); }
    // The session cannot go on: what to tell the client (FATAL), after what was sent already.
    const std::optional<protocol::error_fields>& fatal() const noexcept { return fatal_; }

    protocol::phase phase() const noexcept { return conversation_.phase(); }
    char status() const noexcept { return conversation_.status(); }
    // The last byte taken from the server ended a message: an error of ours may be put behind it.
    bool at_border() const noexcept { return server_rest_ == 0; }

    // The server is told to cancel what it does for the holder of this key (the body of BackendKeyData). The signal may
    // meet one of our statements, or none, or a lock timeout, which hides it: what runs when the cancel comes ends as
    // canceled once the signal is sent, and nothing after it does.
    void note_cancel(std::string_view key, cancel_stage stage) noexcept;

    // The settings have been read again. They count when no transaction is open and nothing is under way.
    void renew(std::shared_ptr<const config::settings> settings);

    // Instead of a client's messages, where the session is one of ours: does what a row of lockkeeper.pending tells of. Ends
    // like a Query, with ReadyForQuery to the client, and an error before it where it failed.
    void resume(deferred_work work, std::string_view statement, outbox& to_server, outbox& to_client);

    // locks.max_hold: until when the client's transaction may keep the strong lock that it holds; nullopt: it holds none. To be
    // asked whenever something has happened; when the time has come, relieve() says (and does) what is to be done.
    std::optional<std::chrono::steady_clock::time_point> held_until();
    // none: nothing, or it is under way. wait: ask again soon. cancel: what the server runs is to be canceled, then wait.
    // end: fatal() is set.
    enum class relief { none, wait, cancel, end };
    relief relieve(outbox& to_server, outbox& to_client);
    // When something is to be done although nothing comes; nullopt: nothing is. To be asked like held_until; wake() does it.
    std::optional<std::chrono::steady_clock::time_point> wake_at() const noexcept;
    bool wake(outbox& to_server, outbox& to_client);  // true: the server is to be told to cancel what it does for us
    // The body of the server's BackendKeyData.
    std::string_view server_key() const noexcept { return known_.server_key; }

    // locks.max_queue: so many queue behind this attempt (ddl_under_way). True: the server is to be told to cancel it.
    bool give_way(std::uint64_t attempt, std::size_t queue) noexcept { return in_flight_.give_way(attempt, queue); }
    void way_given() noexcept;  // it has been told, of that or what wake() has said

    // The server is gone: what was under way is audited as lost.
    void on_server_lost();

    void set_now(std::chrono::steady_clock::time_point now) noexcept { now_ = now; }

    // activity.cpp: for those who look on
    doing doing_now() const noexcept;
    std::size_t put_off() const noexcept { return deferred_.size() + committed_.size(); }
    proxy::activity activity() const;
    std::optional<ddl_under_way> under_way() const;  // nullopt: it changes no schema

private:
    // gate.cpp: the client's walk, and the task in hand
    bool client_frame(protocol::bytes in, std::size_t& at);
    bool whole_needed(char tag) const noexcept;
    bool may_pass(char tag) const noexcept;
    void pass(char tag, note n = note::nothing);
    bool skipping() const noexcept { return conversation_.owed().skipping(); }
    void flush_server(std::size_t at);
    void adopt_renewed();
    void start(task<void> t);
    void advance();
    bool in_step();
    void die(std::string_view sqlstate, std::string message);

    // replies.cpp: the server's walk, and what comes of a message
    bool server_frame(protocol::bytes in, std::size_t& at);
    enum class verdict { pass, swallow };
    verdict on_server_message(const protocol::header& h, protocol::bytes body);
    verdict on_reply_to_ours(const protocol::ledger::reply& r, char tag, protocol::bytes body);
    verdict on_noted_reply(const protocol::ledger::reply& r, char tag, protocol::bytes body);
    verdict on_greeting(char tag, protocol::bytes body);  // greeting.cpp
    verdict on_ready(char status);
    void on_parameter(protocol::bytes body);
    void finish(noted n, std::string_view outcome);
    void drop_noted(std::size_t count);
    void flush_client(std::size_t at);

    // routing.cpp, and long_message.cpp: which way a message goes that is looked at
    enum class route_to { server, nowhere, wait };  // forward it; it was taken out of the stream; more of it is needed
    route_to route(char tag, protocol::bytes here, std::uint64_t size);
    route_to route_whole(const protocol::frame& f);
    route_to route_query(const protocol::frame& f);
    route_to route_parse(const protocol::frame& f);
    route_to route_bind(const protocol::frame& f);
    route_to route_execute(const protocol::frame& f);
    route_to route_close(const protocol::frame& f);
    route_to route_long_text(char tag, protocol::bytes body, std::uint64_t size);
    route_to route_long_bind(protocol::bytes here, std::uint64_t size);
    bool hold(char tag, protocol::bytes body);
    policy::finding why_unjudged(std::uint64_t size);
    void look_on(protocol::bytes piece, bool last);
    bool doubts(protocol::bytes piece, bool last);
    void take_out() { flush_server(message_at_); }
    route_to judge_at_once(std::shared_ptr<const policy::script> text, bool query);
    bool watching() const noexcept;
    static bool lightly_judged(const policy::script& s) noexcept;
    std::shared_ptr<const policy::script> script_named(std::string_view name) const;
    bool names_noted(std::string_view name) const;

    // reading.cpp: what a text or a name will mean to the server
    bool settled_or_in_copy() const noexcept;
    task<void> until_settled();
    route_to look_again();
    policy::lexing lexing() const;
    bool hangs_on_replies(std::string_view sql) const;
    bool ambiguous(std::string_view name) const;
    void follow_execute(judged_message& m) const;

    // leave_copy.cpp: a message that has no place in a COPY
    task<void> leave_copy(char tag);
    bool copy_was_alive(protocol::bytes error) const;

    // judging.cpp: what a judged message goes through
    void judge_in_failed_transaction(judged_message& m);
    void refuse_among_others(judged_message& m);
    task<void> judge_message(judged_message m);
    task<bool> settle(judged_message& m);
    task<batch_reply> ask_facts(judged_message& m);
    task<std::optional<policy::decision>> decide(judged_message& m);
    task<policy::decision> decide_without_facts(judged_message& m, protocol::error_fields error);
    task<void> carry_out(judged_message& m, policy::decision d);
    void fail_before(judged_message& m, const protocol::error_fields& error, std::shared_ptr<audit_record> record);
    void put_out(judged_message& m, policy::finding f, std::shared_ptr<audit_record> record);
    void forward_held(judged_message& m, std::shared_ptr<audit_record> record);
    void refuse(const judged_message& m, policy::finding f, std::shared_ptr<audit_record> record);
    void refuse_parse();
    policy::session_facts facts_of_session(const judged_message& m) const;
    policy::transaction_memory so_far_as_sent() const;

    // asking.cpp: statements of ours on the client's connection
    task<batch_reply> ask(batch b);
    task<batch_reply> ask_safely(std::vector<policy::catalog_query> queries, batch_end end);
    task<batch_reply> ask_guarded(std::vector<policy::catalog_query> queries, batch_end end);
    task<batch_reply> ask_in_time(std::vector<policy::catalog_query> queries, batch_end end);
    task<batch_reply> ask_one(std::string sql);
    task<void> end_question(batch_reply& reply);  // attempts.cpp

    // arming.cpp: lock_timeout and statement_timeout around a statement
    task<batch_reply> arm(const judged_message& m, policy::timeout_class wanted, bool exactly,
                          std::optional<std::chrono::milliseconds> lock = std::nullopt,
                          std::vector<policy::catalog_query> first = {});
    bool restore_due(char status);
    task<void> restore(char status);
    task<void> clear_up_then_ready();

    // run_plan.cpp: statements of ours in place of the client's
    task<void> run_plan(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record);
    task<plan_result> take_steps(const judged_message& m, policy::plan plan, std::vector<policy::wanted_lock> whole,
                                 std::shared_ptr<audit_record> record);
    task<batch_reply> ask_in_place(run_step step);
    task<batch_reply> take_step(const judged_message& m, run_step step, std::vector<policy::wanted_lock> locks, part_size& size);
    task<batch_reply> take_part(const judged_message& m, run_step step, part_size& size);  // parts.cpp
    task<batch_reply> attempt_step(const judged_message& m, run_step step, std::vector<policy::wanted_lock> locks);
    void note_step_taken(std::chrono::steady_clock::time_point sent);
    void tell_progress();
    void answer_plan(const judged_message& m, const plan_ended& ended, std::optional<protocol::error_fields> error,
                     const std::string& tag, const std::shared_ptr<audit_record>& record);
    void note_neighbours(judged_message& m, const policy::decision& d) const;
    task<std::optional<protocol::error_fields>> run_neighbours(std::vector<std::string> statements);
    void complete(const judged_message& m);
    task<void> answer_unrun(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record);

    // transactions.cpp: plans in transaction blocks
    task<void> run_plan_inside(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record);
    task<bool> take_inside(judged_message& m, policy::plan plan, std::vector<policy::wanted_lock> locks, std::shared_ptr<audit_record> record);
    void note_done_inside(const judged_message& m, std::span<const policy::wanted_lock> locks, std::shared_ptr<audit_record> record);
    task<void> run_in_transaction(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record);
    task<void> put_off(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record);
    task<void> split(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record);
    static std::vector<policy::catalog_query> questions_of_characteristics();
    task<std::optional<protocol::error_fields>> begin_anew(std::vector<std::string> savepoints, batch_reply characteristics);
    void drop_deferred(bool committed);
    void drop_committed();
    verdict on_commit_of_deferred(const protocol::ledger::reply& r, protocol::bytes message);
    void flush_commit_reply();
    task<void> finish_deferred();
    task<std::optional<protocol::error_fields>> finish_committed(const judged_message& m);

    // ledger.cpp: work that outlives the session
    task<std::optional<policy::finding>> note_down(const judged_message& m, deferred_work& work);
    task<std::optional<policy::finding>> open_ledger(const judged_message& m);
    task<std::optional<policy::finding>> create_ledger(const judged_message& m);
    task<plan_result> carry_through(const judged_message& m, deferred_work& work);
    task<std::optional<protocol::error_fields>> take_over(deferred_work& work);
    task<std::optional<protocol::error_fields>> wait_for_work(deferred_work& work);
    task<std::optional<protocol::error_fields>> put_on(const std::map<std::string, std::string>& wanted,
                                                       std::map<std::string, std::string>* before);
    task<void> put_back(std::map<std::string, std::string> before);
    task<void> cross_out(const judged_message& m, const deferred_work& work, const plan_result& done);
    task<void> hand_back(const deferred_work& work);

    // attempts.cpp: waiting for a lock without queueing for it
    bool may_attempt(const judged_message& m, const policy::decision& d) const noexcept;
    task<void> attempt(judged_message& m, policy::decision d, std::shared_ptr<audit_record> record);
    task<lock_turn> await_turn(const judged_message& m, std::vector<policy::wanted_lock> locks, lock_attempts& tries, bool heed_cancel);
    task<void> send_away(lock_holder autovacuum);
    task<void> nap(std::chrono::milliseconds pause, bool heed_cancel);
    task<held_reply> try_once(judged_message& m, bool inside);
    task<held_reply> try_at_once(const judged_message& m, std::chrono::milliseconds lock, bool inside);
    task<void> forget_text();
    task<std::optional<protocol::error_fields>> end_attempt(std::string sqlstate);
    task<void> step_back(judged_message& m, bool inside);
    task<void> answer_held(judged_message& m, held_reply reply, bool inside, std::shared_ptr<audit_record> record);

    // serialize.cpp: one session at a time changes the schema
    bool needs_turn(const policy::decision& d) const noexcept;
    task<std::optional<policy::decision>> decide_in_turn(judged_message& m, policy::decision d);
    task<batch_reply> take_turn(const judged_message& m);
    bool untouched(const judged_message& m) const noexcept;
    task<std::optional<protocol::error_fields>> begin_once_more();
    bool turn_due(char status) const noexcept;
    task<void> end_turn();
    task<void> clear_up();

    // hold_cap.cpp: for how long a strong lock is kept
    void note_lock_held(std::span<const policy::wanted_lock> locks, std::shared_ptr<audit_record> record);
    task<void> let_go();
    bool canceled_for_holding(protocol::bytes error) const;
    policy::finding held_too_long() const;
    void note_held_too_long();
    void note_kept(const audit_record& r);
    void end_hold(std::string_view outcome);

    // auditing.cpp: what is written down
    audit_record record_of(std::string_view statement, bool query) const;
    std::shared_ptr<audit_record> audit_unjudged(std::string_view statement, bool query, const policy::finding& why);
    std::shared_ptr<audit_record> audit_decision(const judged_message& m, const policy::decision& d);
    void audit_outcome(const audit_record& decision, std::string_view outcome, const noted& n);
    void audit_step_begun(const std::shared_ptr<audit_record>& decision, const run_step& step);
    void audit_step_ended(const std::shared_ptr<audit_record>& decision, const batch_reply& reply, std::chrono::steady_clock::duration took);
    void audit_plan(const std::shared_ptr<audit_record>& decision, const plan_ended& ended,
                    const std::optional<protocol::error_fields>& error, std::string_view tag);

    // What suspends a task.
    struct wait_for_line;
    struct wait_for_batch;
    struct wait_for_held;
    struct wait_for_time;

    bool at_ddl() const noexcept;
    static constexpr std::size_t longest_read_reply = 16u << 20;  // of a server message that is looked at

    std::shared_ptr<const config::settings> settings_;
    std::shared_ptr<const config::settings> renewed_;  // to take their place
    identity who_;
    counters& counts_;
    audit_sink audit_;
    config::conduct conduct_;  // of the message in hand, or of the one judged last
    protocol::conversation conversation_;
    greeting greeting_;
    std::chrono::steady_clock::time_point now_{};
    std::optional<protocol::error_fields> fatal_;

    // client side of the walk
    outbox* to_server_ = nullptr;
    outbox* to_client_ = nullptr;
    protocol::bytes in_;             // of the walk in hand
    std::size_t run_ = 0;            // start of the run of in_ that is to be forwarded
    std::size_t message_at_ = 0;     // where the message of the client's that is looked at begins
    std::uint64_t client_rest_ = 0;  // of a message that passes in pieces
    std::uint64_t server_rest_ = 0;
    bool drop_rest_ = false;         // ... of the client's, and is dropped, not passed
    bool discarding_ = false;        // an error of our making: drop the client's messages up to its Sync
    bool segment_failed_ = false;    // the server answered a message of this segment with an error
    std::string out_of_place_;       // what is wrong with the message that leave_copy asks about; else empty
    bool wrong_server_ = false;
    bool password_owed_ = false;     // the server has asked for one: nothing else may come next
    bool awaiting_ready_ = false;    // timeouts are armed, or work is put off, and the message that ends in ReadyForQuery is out
    std::optional<long_text> long_text_;  // while client_rest_ is of it
    held_share holding_{who_.held}, on_its_way_{who_.held};  // of the message that is waited for; of those before it

    prepared_statements prepared_;
    kept_statements kept_;           // of ours
    std::deque<noted> noted_;

    // what runs now
    task<void> task_;
    std::coroutine_handle<> waiting_;
    bool canceled_ = false;          // since the task in hand began
    std::uint64_t tasks_ = 0;        // begun so far
    std::uint64_t to_be_canceled_ = 0;  // the number of the task that ran when a cancel came; 0: none
    std::optional<batch_collector> batch_;
    std::optional<held_reply> held_;
    bool exchange_done_ = false;     // of the batch, or of what is held
    std::optional<nap_in_hand> nap_;  // the task waits for its end
    // locks.serialize: who changes the schema. unsure: an attempt has failed half way.
    enum class whose_turn : std::uint8_t { others, unsure, ours };
    whose_turn turn_ = whose_turn::others;
    std::size_t commands_ = 0;       // the client's that have succeeded since the last ReadyForQuery
    bool last_began_ = false;        // the last of them was BEGIN
    bool just_begun_ = false;        // the transaction has done nothing else
    // The transaction may hold a blocking lock already: waiting for another would extend it.
    std::optional<lock_held> hold_;
    bool splits_;  // transactions may be cut in two: their savepoints must be known
    std::vector<deferred_work> deferred_;    // by the transaction in hand, and kept as long as so_far_ knows of it
    std::deque<deferred_work> committed_;    // to be done before the next ReadyForQuery in which no transaction is open
    protocol::buffer commit_reply_;          // the COMMIT's CommandComplete, kept back until that is done
    policy::transaction_memory so_far_;  // what judged statements have done in the transaction
    bool rows_changed_ = false;      // ... and whether statements that were not judged have changed rows in it
    std::optional<armed_timeouts> armed_;
    bool running_plan_ = false;
    std::optional<plan_progress> progress_;  // of the plan that runs
    std::shared_ptr<audit_record> in_hand_;  // of what was decided last, or of the plan that runs, until its outcome is written
    std::chrono::steady_clock::time_point plan_began_{};
    std::shared_ptr<const policy::script> judged_;  // what is being judged, or was last
    std::chrono::steady_clock::time_point judged_since_{};
    std::vector<lock_holder> in_the_way_;  // of the task in hand, when it was last looked
    int attempts_ = 0;
    attempt_in_flight in_flight_;
    question_in_flight question_;
    known_session known_;
};

}  // namespace proxy
