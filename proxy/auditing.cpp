#include <algorithm>

#include "proxy/gate.hpp"
#include "proxy/lock_wait.hpp"

// What the gate writes down: one record for each decision, one for what came of it.

namespace proxy {
namespace {

std::string_view name(config::mode m) noexcept {
    switch (m) {
    case config::mode::observe: return "observe";
    case config::mode::guard: return "guard";
    case config::mode::enforce: return "enforce";
    }
    return {};
}

std::string_view name(config::action a) noexcept {
    switch (a) {
    case config::action::allow: return "allow";
    case config::action::warn: return "warn";
    case config::action::rewrite: return "rewrite";
    case config::action::reject: return "reject";
    }
    return {};
}

// In a mode that does not carry an action out, the record says what enforce would have done.
std::string carried_out(config::action decided, config::mode mode) {
    const bool all = mode == config::mode::enforce;
    const bool guarded = mode == config::mode::guard && decided <= config::action::warn;
    if (all || guarded || decided == config::action::allow) return std::string(name(decided));
    return "would " + std::string(name(decided));
}

}  // namespace

void audit_record::note_wait(std::chrono::steady_clock::time_point began, std::chrono::steady_clock::time_point last, bool lost,
                             std::chrono::steady_clock::time_point now, int tries) {
    attempts += tries;
    lock_wait_ms += milliseconds_of((lost ? now : last) - began);
}

void audit_record::note_hold(std::chrono::steady_clock::time_point last, std::chrono::steady_clock::time_point now) {
    hold_ms = std::max(hold_ms.value_or(0), milliseconds_of(now - last));
}

audit_record gate::record_of(std::string_view statement, bool query) const {
    return {.event = "decision",
            .session = who_.session,
            .client = who_.client,
            .user = known_.user,
            .database = known_.database,
            .application_name = known_.application_name,
            .server_pid = known_.server_pid,
            .protocol = query ? "simple" : "extended",
            .transaction = status() == 'T',
            .statement = std::string(statement),
            .mode = std::string(name(conduct_.mode))};
}

std::shared_ptr<audit_record> gate::audit_unjudged(std::string_view statement, bool query, const policy::finding& why) {
    auto r = std::make_shared<audit_record>(record_of(statement, query));
    r->understood = false;
    r->timeout_class = name(policy::timeout_class::none);
    r->rules = {why.rule};
    r->action = carried_out(config::action::reject, conduct_.mode);
    audit_(audit_record(*r));
    return r;
}

std::shared_ptr<audit_record> gate::audit_decision(const judged_message& m, const policy::decision& d) {
    auto r = std::make_shared<audit_record>(record_of(m.text->text(), m.query));
    r->transaction = r->transaction || m.unsynced;
    r->timeout_class = name(d.timeouts);
    r->action = carried_out(d.action, conduct_.mode);
    r->lock_wait_ms = milliseconds_of(m.waited);
    r->fingerprint = m.text->fingerprint();
    r->strong = !wanted_locks(d).empty();
    for (const auto& s : d.statements) {
        if (!s.kind.empty()) r->kind += (r->kind.empty() ? "" : "; ") + s.kind;
        for (const auto& e : s.relations)
            if (e.lock != policy::lock_mode::none)
                r->relations.push_back({e.relation, std::string(policy::name(e.lock)), e.size});
        for (const auto& f : s.findings) r->rules.push_back(f.rule);
        for (const auto& o : s.overrides) {
            r->overridden.push_back(o.rule);
            if (r->override_reason.find(o.reason) == std::string::npos)
                r->override_reason += (r->override_reason.empty() ? "" : "; ") + o.reason;
        }
    }
    r->understood = std::find(r->rules.begin(), r->rules.end(), "unparseable") == r->rules.end();
    if (d.replacement)
        for (const auto& step : d.replacement->steps)
            if (!step.sql.empty()) r->plan.push_back(text_of(step));
    r->unwritten = audit_(audit_record(*r));
    if (!r->unwritten.empty()) return r;
    in_hand_ = r;
    return r;
}

void gate::audit_outcome(const audit_record& decision, std::string_view outcome, const noted& n) {
    auto r = decision;
    r.event = "outcome";
    r.outcome = outcome;
    r.tag = n.tag;
    r.sqlstate = n.sqlstate;
    r.duration_ms = milliseconds_of(now_ - n.sent);
    const bool took = r.strong && (r.sent || !r.steps.empty()) && !lost_the_lock(n.sqlstate) && n.kind == note::statement;
    if (took && !r.transaction && status() == 'I' && r.sent && outcome != "skipped") r.note_hold(r.asked, now_);
    else if (took && n.sqlstate.empty()) note_kept(r);
    audit_(std::move(r));
    if (in_hand_.get() == &decision) in_hand_.reset();
}

// What is not known yet is what the record says, should the server be lost now.
void gate::audit_step_begun(const std::shared_ptr<audit_record>& decision, const run_step& step) {
    decision->steps.push_back({.sql = policy::joined(step.sql, step.and_then), .outcome = "unknown", .undo = step.undo});
}

// A line of its own, so that the log tells how far a plan has come whose outcome is never written.
void gate::audit_step_ended(const std::shared_ptr<audit_record>& decision, const batch_reply& reply,
                            std::chrono::steady_clock::duration took) {
    auto& step = decision->steps.back();
    step.outcome = reply.ok() ? "done" : reply.error ? std::string(reply.error->get('C')) : "skipped";
    step.ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
    auto r = record_of(decision->statement, decision->protocol == "simple");
    r.event = "step";
    r.transaction = decision->transaction;
    r.understood = decision->understood;
    r.kind = decision->kind;
    r.steps = {step};
    audit_(std::move(r));
}

void gate::audit_plan(const std::shared_ptr<audit_record>& decision, const plan_ended& ended,
                      const std::optional<protocol::error_fields>& error, std::string_view tag) {
    noted n{.kind = note::statement, .name = {}, .script = nullptr, .record = nullptr, .sent = plan_began_};
    if (ended.failed) {
        n.sqlstate = error ? error->get('C') : "";
        audit_outcome(*decision, ended.undone ? "failed" : "failed, and could not be undone", n);
    } else {
        n.tag = tag;
        audit_outcome(*decision, "done", n);
    }
}

}  // namespace proxy
