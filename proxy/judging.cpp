#include <algorithm>

#include "protocol/frontend.hpp"
#include "protocol/sqlstate.hpp"
#include "proxy/gate.hpp"
#include "proxy/refusal.hpp"

// What a judged message goes through, as straight code: each co_await is an exchange with the server.
// One co_await per statement and none in conditions: g++ 12 destroys temporaries of such expressions twice.

namespace proxy {

using policy::timeout_class;

namespace {

constexpr std::string_view refused_statement = "_lockkeeper_refused";
policy::finding facts_unavailable(const protocol::error_fields& error) {
    return {.rule = "facts-unavailable",
            .action = config::action::reject,
            .message = "what the statement would do could not be found out",
            .detail = "The catalog query of lockkeeper failed: " + std::string(error.get('M')),
            .hint = "Try again; if it stays so, run the statement straight on the server or in mode guard.",
            .sqlstate = std::string(protocol::sqlstate::lockkeeper_not_understood)};
}

policy::finding executed_among_others() {
    return {.rule = "executed-among-others",
            .action = config::action::reject,
            .message = "EXECUTE of a statement that changes the schema stands among other statements",
            .detail = "What was prepared by the protocol and is run by name is judged on its own only.",
            .hint = "Send the EXECUTE as a statement of its own, or the text of the prepared statement.",
            .sqlstate = std::string(protocol::sqlstate::lockkeeper_not_understood)};
}

}  // namespace

// The server runs nothing before a ROLLBACK, and answers no question of ours either. What may stand behind one, in the
// text or in front of it in the pipeline, is judged without the catalog.
void gate::judge_in_failed_transaction(judged_message& m) {
    const bool alone = m.text->single() && conversation_.owed().unsynced().messages == 0;
    if (!alone) {
        auto d = policy::judge(*m.text, facts_of_session(m), {}, *settings_);
        conduct_ = d.conduct;
        const auto* leading = policy::leading_finding(d);
        if (leading != nullptr && d.action >= config::action::rewrite && conduct_.mode == config::mode::enforce) {
            auto refused = *leading;
            d.action = refused.action = config::action::reject;
            d.replacement.reset();
            return refuse(m, std::move(refused), audit_decision(m, d));
        }
    }
    forward_held(m, nullptr);
}

void gate::refuse_among_others(judged_message& m) {
    auto d = policy::judge(*m.text, facts_of_session(m), {}, *settings_);
    d.action = config::action::reject;
    d.replacement.reset();
    auto& findings = d.statements.front().findings;
    findings.insert(findings.begin(), executed_among_others());
    refuse(m, executed_among_others(), audit_decision(m, d));
}

task<void> gate::judge_message(judged_message m) {
    m.began = judged_since_ = now_;
    judged_ = m.text;
    const bool ours = co_await settle(m);
    if (!ours) co_return;
    follow_execute(m);
    conduct_ = policy::conduct_for(facts_of_session(m), *settings_);
    if (m.among_others && conduct_.mode == config::mode::enforce) co_return refuse_among_others(m);
    if (status() == 'E') co_return judge_in_failed_transaction(m);
    if (!m.by_name && m.text->harmless() && !m.text->runs_prepared().empty()) {  // EXECUTE of something harmless
        forward_held(m, nullptr);
        co_return;
    }
    auto d = co_await decide(m);
    if (d && !m.failed_before && needs_turn(*d)) d = co_await decide_in_turn(m, std::move(*d));
    if (d) co_await carry_out(m, std::move(*d));
}

// Gets the line quiet, out of a COPY that has failed too. False: the message is dealt with, or discarded as the server would.
task<bool> gate::settle(judged_message& m) {
    co_await until_settled();
    const char tag = m.query ? 'Q' : 'E';
    if (!conversation_.allows(tag)) co_await leave_copy(tag);
    if (discarding_) co_return false;
    const auto before = conversation_.owed().unsynced();
    if (conversation_.owed().skipping()) {  // an error came before it: the server skips it, wherever it goes
        forward_held(m, nullptr);
        co_return false;
    }
    if (before.messages == 0 || status() == 'E') co_return true;
    // Parse, Bind and Describe alone change nothing that a Sync could commit too early, and in a transaction block a Sync
    // commits nothing. Outside of one it ends the portals: the one in hand is bound anew.
    const bool only_bound = before.executes == 0 && before.binds <= (m.query ? 0u : 1u);
    if (status() != 'T' && !only_bound) {
        m.unsynced = true;
        co_return true;
    }
    m.rebind = status() != 'T' && !m.query;
    segment_failed_ = false;
    batch none;
    auto cut = co_await ask(std::move(none));
    (void)cut;
    // Without our Sync the server would now be skipping up to the client's.
    if (segment_failed_) discarding_ = true;
    co_return !segment_failed_;
}

policy::session_facts gate::facts_of_session(const judged_message& m) const {
    return {.in_transaction = status() == 'T' || m.unsynced,
            .pipelined = status() != 'T' && m.unsynced,
            .server_version = known_.server_version,
            .time_zone = known_.time_zone,
            .user = known_.user,
            .database = known_.database,
            .application_name = known_.application_name,
            .now = who_.clock ? std::optional(who_.clock()) : std::nullopt,
            .so_far = so_far_as_sent()};
}

// What the transaction will have done when the message in hand is executed: what is under way is taken to succeed.
policy::transaction_memory gate::so_far_as_sent() const {
    auto all = so_far_;
    if (rows_changed_ && !all.last(policy::deed::kind::changed_rows)) all.after({{{.what = policy::deed::kind::changed_rows}}});
    for (const auto& n : noted_)
        for (const auto& of_one : n.deeds) all.after(of_one);
    return all;
}

// The facts, and the timeouts as the client has them: in short where that does.
task<batch_reply> gate::ask_facts(judged_message& m) {
    const auto session = facts_of_session(m);
    const auto end = m.unsynced ? batch_end::flush : batch_end::sync;
    if (auto question = m.text->short_question(session, *settings_)) {
        std::vector<policy::catalog_query> in_short{std::move(*question)};
        auto reply = co_await ask_in_time(std::move(in_short), end);
        if (!reply.ok()) co_return reply;
        if (const auto& answer = reply.rows.front(); !answer.empty()) {
            note_timeouts(m, answer.front());
            co_return reply;
        }
    }
    auto all = timeout_questions();
    const auto first = all.size();
    for (auto& query : m.text->catalog_queries(session)) all.push_back(std::move(query));
    auto reply = co_await ask_in_time(std::move(all), end);
    if (!reply.ok()) co_return reply;
    note_timeouts(m, reply);
    reply.rows.erase(reply.rows.begin(), reply.rows.begin() + static_cast<std::ptrdiff_t>(first));
    co_return reply;
}

// Asks for the facts and judges. Nothing: the message is dealt with.
task<std::optional<policy::decision>> gate::decide(judged_message& m) {
    const auto session = facts_of_session(m);
    conduct_ = policy::conduct_for(session, *settings_);
    // A walsender takes simple queries only: there the text is judged as if the catalog could not be asked.
    if (known_.replication) co_return policy::judge(*m.text, session, {}, *settings_);

    auto reply = co_await ask_facts(m);
    if (reply.skipped) {  // an error of the client's own came before: so is the message, wherever it goes
        forward_held(m, nullptr);
        co_return std::nullopt;
    }
    if (reply.error) {
        auto d = co_await decide_without_facts(m, *reply.error);
        co_return d;
    }
    co_return policy::judge(*m.text, session, reply.rows, *settings_);
}

// The facts could not be had: judged by the words alone, and not to be run where the mode is enforce. A cancel that met our
// question was meant for the statement.
task<policy::decision> gate::decide_without_facts(judged_message& m, protocol::error_fields error) {
    canceled_ = canceled_ || error.get('C') == protocol::sqlstate::query_canceled;
    if (!canceled_ && !m.unsynced && conduct_.mode != config::mode::enforce) {
        auto reply = co_await ask_in_time(timeout_questions(), batch_end::sync);
        if (reply.ok()) note_timeouts(m, reply);
    }
    auto d = policy::judge(*m.text, facts_of_session(m), {}, *settings_);
    auto why = canceled_ ? finding_of(canceled_by_user(), "canceled") : facts_unavailable(error);
    why.action = d.action = config::action::reject;
    d.replacement.reset();
    if (d.statements.empty()) d.statements.emplace_back();
    auto& findings = d.statements.front().findings;
    findings.insert(findings.begin(), std::move(why));
    m.failed_before = true;
    co_return d;
}

// A batch of ours in front of the message failed.
void gate::fail_before(judged_message& m, const protocol::error_fields& error, std::shared_ptr<audit_record> record) {
    const bool canceled = error.get('C') == protocol::sqlstate::query_canceled;
    if (canceled || conduct_.mode == config::mode::enforce)
        put_out(m, canceled ? finding_of(error, "canceled") : facts_unavailable(error), std::move(record));
    else
        forward_held(m, std::move(record));
}

// Refuses the message, also where an error of ours has made the server skip up to the client's Sync already.
void gate::put_out(judged_message& m, policy::finding f, std::shared_ptr<audit_record> record) {
    if (!m.unsynced || !m.failed_before) return refuse(m, std::move(f), std::move(record));
    to_client_->add(protocol::encode_error(error_of(f)));
    discarding_ = true;
    finish({.kind = note::refused, .record = std::move(record), .sent = now_, .sqlstate = f.sqlstate, .refusal = f}, {});
}

task<void> gate::carry_out(judged_message& m, policy::decision d) {
    conduct_ = d.conduct;
    just_begun_ = false;
    const auto record = audit_decision(m, d);
    if (!record->unwritten.empty()) co_return put_out(m, not_audited(record->unwritten), nullptr);
    if (m.failed_before && (m.unsynced || canceled_)) co_return put_out(m, *policy::leading_finding(d), record);
    if (canceled_) co_return fail_before(m, canceled_by_user(), record);
    m.deeds = deeds_of(d);
    if (conduct_.mode == config::mode::observe) {
        forward_held(m, record);
        co_return;
    }
    const bool enforce = conduct_.mode == config::mode::enforce;
    if (enforce && (d.action == config::action::reject || (d.action == config::action::rewrite && m.by_name))) {
        refuse(m, *policy::leading_finding(d), record);
        co_return;
    }
    to_client_->add(notices_of(d));
    if (enforce && d.action == config::action::rewrite && d.replacement) {
        note_neighbours(m, d);
        if (d.replacement->steps.empty()) co_await answer_unrun(m, std::move(d), record);
        else if (status() == 'T') co_await run_plan_inside(m, std::move(d), record);
        else co_await run_plan(m, std::move(d), record);
        co_return;
    }
    if (may_attempt(m, d)) {
        co_await attempt(m, std::move(d), record);
        co_return;
    }
    if (d.timeouts == timeout_class::blocking) note_lock_held(wanted_locks(d), record);
    if (d.timeouts != timeout_class::none && !d.sets_timeouts && !known_.replication) {
        auto armed = co_await arm(m, d.timeouts, false);
        if (!armed.ok()) {
            m.failed_before = true;
            if (armed.error) fail_before(m, *armed.error, record);
            if (armed.skipped) forward_held(m, record);
            co_return;
        }
    }
    forward_held(m, record);
}

void gate::forward_held(judged_message& m, std::shared_ptr<audit_record> record) {
    if (m.rebind) {
        to_server_->add(std::move(m.bind));
        const auto bound = conversation_.on_frontend('B', protocol::sender::ours);
        if (!bound) return die(protocol::sqlstate::protocol_violation, bound.error().message());
    }
    to_server_->add(std::move(m.message));
    if (skipping()) {  // no reply will come
        if (record) audit_outcome(*record, "skipped", {.kind = note::statement, .sent = now_});
        return pass(m.query ? 'Q' : 'E');
    }
    if (record) {
        record->sent = true;
        record->asked = now_;
    }
    noted_.push_back({.kind = note::statement, .script = m.text, .record = std::move(record), .sent = now_, .deeds = std::move(m.deeds)});
    pass(m.query ? 'Q' : 'E', note::statement);
}

void gate::refuse(const judged_message& m, policy::finding f, std::shared_ptr<audit_record> record) {
    const auto sql = poison(f);
    to_server_->add(m.query ? protocol::encode_query(sql) : protocol::encode_parse(refused_statement, sql));
    noted_.push_back({.kind = note::refused, .record = std::move(record), .sent = now_, .refusal = std::move(f)});
    pass(m.query ? 'Q' : 'P', note::refused);
    if (!m.query) discarding_ = true;  // as the server does, from the error on
}

// Too many judged statements are prepared: this one is refused like any other, at its Parse.
void gate::refuse_parse() {
    judged_message m;
    refuse(m,
           {.rule = "too-many-prepared",
            .action = config::action::reject,
            .message = "too many schema-changing statements are prepared in this session",
            .detail = "At most " + std::to_string(prepared_statements::most) + " of them are remembered: the memory of a session is bounded.",
            .hint = "Close prepared statements that are not needed any more.",
            .sqlstate = std::string(protocol::sqlstate::lockkeeper_not_understood)},
           nullptr);
}

}  // namespace proxy
