#include "policy/evaluate.hpp"

#include <algorithm>

#include "policy/deeds.hpp"
#include "policy/judge.hpp"
#include "policy/rules.hpp"
#include "policy/scopes.hpp"
#include "policy/script.hpp"

namespace policy {
namespace {

using config::action;

bool is_timeout(std::string_view name) noexcept { return name == "lock_timeout" || name == "statement_timeout"; }

std::vector<setting_change> settings_changed_by(const statement& s) {
    if (const auto* change = std::get_if<setting_change>(&s.what)) return {*change};
    if (const auto* q = std::get_if<query>(&s.what)) return q->sets;
    return {};
}

std::string joined(std::initializer_list<std::string_view> sentences) {
    std::string out;
    for (auto s : sentences) {
        if (s.empty()) continue;
        if (!out.empty()) out += ' ';
        out += s;
    }
    return out;
}

finding finding_of(const rule& r, hazard& h, action configured) {
    finding f;
    f.rule = r.text.id;
    f.action = configured == action::rewrite && !h.instead ? action::reject : configured;
    f.message = std::move(h.message);
    f.detail = std::move(h.detail);
    f.hint = joined({h.cannot.empty() ? r.text.remedy : std::string_view(h.cannot), r.text.django,
                     "More: lockkeeper explain " + f.rule});
    f.sqlstate = std::move(h.sqlstate);
    return f;
}

// One statement, or one with SET CONSTRAINTS, which outside a transaction does nothing (Django sends it behind a column
// with a foreign key).
bool are_one(std::span<const statement> statements) noexcept {
    return std::count_if(statements.begin(), statements.end(), [](const statement& s) {
               return s.kind != "SET CONSTRAINTS" || !std::holds_alternative<let_through>(s.what);
           }) == 1;
}

// Does nothing but what a rollback undoes, and returns no rows.
bool repeatable(const statement& s) noexcept {
    if (const auto* d = std::get_if<ddl>(&s.what)) return d->transactional;
    return std::holds_alternative<alter_table>(s.what) || std::holds_alternative<create_index>(s.what) ||
           std::holds_alternative<renaming>(s.what) || std::holds_alternative<setting_change>(s.what) ||
           s.kind == "SET CONSTRAINTS";
}

// The comment that sets the rule aside for the statement. One that has a mistake in it, or whose sender may not, sets
// nothing aside: the rule `override-not-valid` then says so.
const override_words* override_for(const context& c, const rule& r) {
    if (c.overrides.empty() || r.text.id == "override-not-valid" || !may_override(c.session.user, c.settings)) return nullptr;
    for (const auto& o : c.overrides)
        if (o.statement == c.index && o.mistake.empty() && !o.reason.empty() &&
            std::find(o.rules.begin(), o.rules.end(), r.text.id) != o.rules.end())
            return &o;
    return nullptr;
}

class judgement {
public:
    judgement(std::string_view text, std::span<const statement> statements, const session_facts& session, const catalog_facts& catalog,
              const config::settings& settings, std::span<const override_words> overrides)
        : text_(text), alone_(statements.size() == 1), only_change_(are_one(statements)), moved_on_(alone_ ? session_facts{} : session),
          session_(alone_ ? session : moved_on_), settings_(settings), in_force_(&settings), overrides_(overrides),
          known_(catalog, session_.so_far, session_.own) {}

    void take(const statement& s) {
        auto does = effects_of(s, known_, session_);
        // What cannot be understood runs under the strictest timeouts.
        if (std::holds_alternative<unparseable>(s.what) || std::holds_alternative<unmodelled>(s.what))
            does.timeouts = timeout_class::blocking;
        statement_decision verdict;
        verdict.offset = s.where.offset;
        verdict.length = s.where.length;
        verdict.kind = s.kind;
        verdict.relations = does.relations;
        verdict.transactional = does.transactional;
        verdict.timeouts = does.timeouts;
        out_.repeatable = out_.repeatable && does.transactional && repeatable(s);
        verdict.deeds = deeds_of(s, does, known_);
        enter_scope(s, does);
        verdict.mode = in_force_->mode;
        // Rows may be changed by what is harmless alone.
        if (!harmless(s) || !session_.so_far.empty()) {
            apply_rules(s, does, text_, verdict);
            if (const auto* b = std::get_if<block>(&s.what)) apply_rules(*b, verdict);
        }
        out_.timeouts = std::max(out_.timeouts, verdict.timeouts);
        out_.changes_schema = out_.changes_schema || changes_schema(s, does);
        if (!harmless(s) || !verdict.findings.empty()) {
            const config::conduct& here = *in_force_;
            conduct_ = conduct_ ? stricter(*conduct_, here) : here;
        }
        note(s, verdict.deeds);
        out_.statements.push_back(std::move(verdict));
    }

    decision result() && {
        out_.conduct = conduct_ ? *conduct_ : conduct_for(session_, settings_);
        for (auto& s : out_.statements) {
            if (s.mode < out_.conduct.mode) soften(s);
            for (const auto& f : s.findings) out_.action = std::max(out_.action, f.action);
        }
        if (out_.action != action::rewrite) out_.replacement.reset();
        return std::move(out_);
    }

private:
    void enter_scope(const statement& s, const effects& does) {
        if (settings_.scopes.empty()) return;
        scoped_ = settings_for(settings_, session_, scoped_relations(s, does, known_));
        in_force_ = &scoped_;
    }

    // A text is carried out as a whole, in the strictest mode of its statements. What a milder one had to say stays mild.
    static void soften(statement_decision& s) {
        const auto most = s.mode == config::mode::guard ? action::warn : action::allow;
        for (auto& f : s.findings) f.action = std::min(f.action, most);
    }

    // The statements inside a DO are judged like others, but nothing can run in place of one of them.
    void apply_rules(const block& b, statement_decision& verdict) {
        for (std::size_t i = 0; i < b.body.size(); ++i)
            apply_rules(b.body[i], effects_of(b.body[i], known_, session_), b.texts[i], verdict, true);
    }

    void apply_rules(const statement& s, const effects& does, std::string_view text, statement_decision& verdict,
                     bool inside_block = false) {
        for (const auto* r : all_rules()) {
            const auto of_rule = settings_of(*r);
            const context c{s, does, known_, session_, of_rule ? *of_rule : *in_force_, text, alone_ && !inside_block, sets_, overrides_,
                            out_.statements.size(), only_change_ && !inside_block};
            auto h = r->check(c);
            if (!h) continue;
            const auto configured = action_of(*r, *in_force_);
            if (configured == action::allow) continue;
            if (const auto* o = override_for(c, *r)) {
                verdict.overrides.push_back({std::string(r->text.id), o->reason});
                continue;
            }
            if (inside_block) h->instead.reset();
            if (configured == action::rewrite && h->instead && h->instead->steps.empty()) return leave_out(*r, *h, verdict);
            fit_into_transaction(*h, c.settings.transactions);
            auto f = finding_of(*r, *h, configured);
            if (f.action == action::rewrite && !out_.replacement) {
                out_.replacement = std::move(h->instead);
                out_.way = c.settings.transactions;
            }
            verdict.findings.push_back(std::move(f));
        }
    }

    // Where the rule has transactions of its own.
    std::optional<config::scoped_settings> settings_of(const rule& r) const {
        if (in_force_->rule_transactions.empty()) return std::nullopt;
        auto out = *in_force_;
        out.transactions = transactions_of(r, out);
        return out;
    }

    // The statement is not run: what the other rules say of it does not happen.
    void leave_out(const rule& r, hazard& h, statement_decision& verdict) {
        verdict.findings = {finding_of(r, h, action::rewrite)};
        out_.replacement = std::move(h.instead);
    }

    // No plan can run in a transaction block as it stands: it builds CONCURRENTLY, or validates in a transaction of its own.
    void fit_into_transaction(hazard& h, config::transactions way) const {
        if (!h.instead || !session_.in_transaction) return;
        if (fits_inside(*h.instead) && !session_.pipelined) return;
        if (session_.pipelined) way = config::transactions::reject;
        if (way == config::transactions::split || (way == config::transactions::defer && h.instead->deferrable)) return;
        h.instead.reset();
        h.cannot = "What is done instead cannot run in a transaction. Send the statement outside of one";
        if (session_.pipelined) h.cannot = "What is done instead cannot run in the middle of a pipeline. Send Sync before the statement and after it.";
        else if (way == config::transactions::defer) h.cannot += "; it cannot be put off until the COMMIT, because what follows may count on it.";
        else h.cannot += ", or set transactions to defer or split.";
    }

    void note(const statement& s, std::span<const deed> deeds) {
        if (!alone_) {
            moved_on_.so_far.after(deeds);
            moved_on_.in_transaction = in_transaction_after(moved_on_.in_transaction, deeds);
        }
        for (auto& change : settings_changed_by(s)) {
            out_.sets_timeouts = out_.sets_timeouts || is_timeout(change.name);
            sets_.push_back(std::move(change));
        }
        known_.after(s);
    }

    std::string_view text_;
    bool alone_, only_change_;
    session_facts moved_on_;        // by the statements of this text; a statement that is alone needs no copy of the session
    const session_facts& session_;  // as it is before the statement in hand
    const config::settings& settings_;
    config::scoped_settings scoped_;
    const config::scoped_settings* in_force_;  // for the statement in hand
    std::optional<config::conduct> conduct_;
    std::span<const override_words> overrides_;
    known_relations known_;
    std::vector<setting_change> sets_;
    decision out_;
};

}  // namespace

decision evaluate(std::span<const statement> statements, std::string_view text, const session_facts& session,
                  const catalog_facts& catalog, const config::settings& settings,
                  std::span<const override_words> overrides) {
    judgement j(text, statements, session, catalog, settings, overrides);
    for (const auto& s : statements) j.take(s);
    return std::move(j).result();
}

decision stricter(decision a, decision b) {
    auto& kept = b.action > a.action ? b : a;
    kept.timeouts = std::max(a.timeouts, b.timeouts);
    kept.conduct = stricter(a.conduct, b.conduct);
    kept.sets_timeouts = a.sets_timeouts || b.sets_timeouts;
    kept.changes_schema = a.changes_schema || b.changes_schema;
    if (kept.action != action::rewrite) return std::move(kept);
    // A text that means two things is not rewritten: the plan would be right for one of them.
    kept.action = action::reject;
    kept.replacement.reset();
    for (auto& s : kept.statements)
        for (auto& f : s.findings)
            if (f.action == action::rewrite) f.action = action::reject;
    return std::move(kept);
}

config::conduct conduct_for(const session_facts& session, const config::settings& settings) {
    return settings_for(settings, session, {});
}

namespace {

// Closed on doubt, whatever the rules say: they have nothing true to go by.
decision refused_unread(const script::parsed& parsed, const config::conduct& conduct) {
    statement_decision verdict;
    verdict.length = parsed.text.size();
    for (const auto& s : parsed.statements)
        if (verdict.kind.empty() && !harmless(s)) verdict.kind = s.kind;
    verdict.timeouts = timeout_class::blocking;
    verdict.findings.push_back(
        {.rule = "client-encoding",
         .action = action::reject,
         .message = "a statement that may change the schema could not be read in this client encoding",
         .detail = "Its characters may hold bytes of ASCII, such as a backslash, so what its names and literals are is not certain.",
         .hint = "Run SET client_encoding = 'UTF8' on its own, wait for the answer, and send the statement again in that encoding.",
         .sqlstate = "LK004"});
    decision d;
    d.action = action::reject;
    d.timeouts = timeout_class::blocking;
    d.repeatable = false;
    d.conduct = conduct;
    d.statements.push_back(std::move(verdict));
    return d;
}

}  // namespace

decision judge(const script& s, const session_facts& session, std::span<const catalog_rows> answers,
               const config::settings& settings) {
    const auto& parsed = s.words();
    if (parsed.unreadable) return refused_unread(parsed, conduct_for(session, settings));
    const auto catalog = read_catalog(answers);
    if (parsed.other_reading.empty()) {
        const auto overrides = find_overrides(parsed.text, {}, parsed.statements);
        return evaluate(parsed.statements, parsed.text, session, catalog, settings, overrides);
    }
    // What is a comment is in doubt, too: no override is heeded.
    auto first = evaluate(parsed.statements, parsed.text, session, catalog, settings);
    return stricter(std::move(first), evaluate(parsed.other_reading, parsed.text, session, catalog, settings));
}

}  // namespace policy
