#include <array>

#include "policy/judge.hpp"
#include "policy/passing_refusal.hpp"
#include "policy/rerun.hpp"

// A policy that reads its decision from the text, so that the gate's tests say on one line what is decided:
// "/*judge*/ ..." is judged; REFUSE, REWRITE (STRONGLY, IN VAIN), WARN, BLOCKING and ONLINE in it say how, LOCKS that it locks a relation.
// SHORT that there is a short question about it, UNLOCKED that nobody else has a lock on its relation, STRONG that it wants a strong lock, SCHEMA that others will see it. Everything else passes; but TOUCH warns, and TOUCH HARD is refused, where the transaction holds a lock, and AFTER ROWS
// warns where it has changed rows.
namespace policy {

struct script::parsed {
    std::string text;
    std::array<std::string, 1> ends;
    bool ends_one = false;
};

namespace {

bool has(std::string_view text, std::string_view word) { return text.find(word) != text.npos; }

void found(decision& d, config::action what) {
    d.action = what;
    d.statements[0].findings.push_back({.rule = "a-rule", .action = what, .message = "what", .detail = "why", .hint = "how"});
}

}  // namespace

bool may_need_judging(std::string_view sql, lexing) { return has(sql, "/*judge*/"); }
bool moves_savepoints(std::string_view sql, const lexing&) noexcept { return sql.starts_with("SAVEPOINT") || sql.starts_with("ROLLBACK"); }

struct long_look::state {
    std::string seen;
};
long_look::long_look(lexing) : state_(new state) {}
long_look::~long_look() = default;
long_look::long_look(long_look&&) noexcept = default;
long_look& long_look::operator=(long_look&&) noexcept = default;
bool long_look::may_need_judging(std::string_view piece, bool) { return has(state_->seen += piece, "/*judge*/"); }

wide_characters wide_characters_of(std::string_view) noexcept { return wide_characters::none; }

script read_script(std::string_view sql, lexing) {
    const bool ends = has(sql, "DEALLOCATE ");
    return script(std::make_shared<script::parsed>(
        script::parsed{std::string(sql), {ends ? std::string(sql.substr(sql.find("DEALLOCATE ") + 11)) : ""}, ends}));
}

const std::string& script::text() const noexcept { return parsed_->text; }
bool script::harmless() const noexcept { return !has(parsed_->text, "/*judge*/"); }
std::string script::fingerprint() const { return "fingerprint"; }
bool script::single() const noexcept { return true; }
std::span<const std::string> script::runs_prepared() const noexcept { return {}; }
bool script::ends_all_prepared() const noexcept { return false; }
std::span<const std::string> script::ends_prepared() const noexcept {
    return std::span(parsed_->ends).first(parsed_->ends_one ? 1 : 0);
}
std::vector<catalog_query> script::catalog_queries(const session_facts&) const { return {{"SELECT facts", {}}}; }
std::optional<catalog_query> script::short_question(const session_facts&, const config::settings&) const {
    if (!has(parsed_->text, "SHORT")) return std::nullopt;
    return catalog_query{has(parsed_->text, "IN VAIN") ? "SELECT in vain" : "SELECT in short", {}};
}

config::conduct conduct_for(const session_facts&, const config::settings& settings) { return settings; }

decision judge(const script& s, const session_facts& session, std::span<const catalog_rows>, const config::settings& settings) {
    decision d;
    d.conduct = settings;
    d.statements.push_back({.kind = "TEST"});
    auto& deeds = d.statements[0].deeds;
    const auto& text = s.text();
    if (has(text, "STRONG ")) d.statements[0].relations.push_back({.relation = "public.t", .lock = lock_mode::access_exclusive});
    if (has(text, "UNLOCKED")) d.statements[0].relations.push_back({.relation = "public.t", .lock = lock_mode::access_exclusive, .unlocked = true});
    if (has(text, "LOCKS")) deeds.push_back({deed::kind::locked, "t", {}, lock_mode::access_exclusive});
    if (text == "COMMIT" || text == "ROLLBACK") deeds.push_back({deed::kind::committed});
    if (text.starts_with("SAVEPOINT ")) deeds.push_back({deed::kind::savepoint, {}, text.substr(10)});
    if (text.starts_with("ROLLBACK TO ")) deeds.push_back({deed::kind::rolled_back_to, {}, text.substr(12)});
    if (has(text, "TOUCH") && session.so_far.strong_lock(lock_mode::share))
        found(d, has(text, "HARD") ? config::action::reject : config::action::warn);
    if (has(text, "AFTER ROWS") && session.so_far.last(deed::kind::changed_rows)) found(d, config::action::warn);
    if (has(s.text(), "BLOCKING")) d.timeouts = timeout_class::blocking;
    if (has(s.text(), "ONLINE")) d.timeouts = timeout_class::online;
    d.changes_schema = has(s.text(), "SCHEMA");
    if (has(s.text(), "WARN")) found(d, config::action::warn);
    if (has(s.text(), "REFUSE") || (has(s.text(), "REWRITE") && session.in_transaction)) found(d, config::action::reject);
    if (has(s.text(), "REWRITE") && !session.in_transaction) {
        found(d, config::action::rewrite);
        d.replacement = plan{.steps = {{.sql = has(s.text(), "FAIL") ? "STEP FAIL" : "STEP one",
                                        .timeouts = timeout_class::online,
                                        .undo = "UNDO one",
                                        .undo_if = "SELECT is it ours"}},
                             .tag = "TEST"};
        if (has(s.text(), "STRONGLY"))
            d.replacement->steps.push_back({.sql = "STEP two", .timeouts = timeout_class::blocking, .undo = "UNDO two",
                                            .undo_if = "SELECT is it ours", .undo_timeouts = timeout_class::blocking});
        if (has(s.text(), "IN VAIN")) d.replacement->steps.push_back({.sql = "STEP FAIL"});
    }
    return d;
}

std::optional<catalog_query> rerun_question(const plan&) { return std::nullopt; }
std::string prepare_rerun(plan&, const catalog_rows&) { return {}; }

const finding* leading_finding(const decision& d) noexcept {
    for (const auto& s : d.statements)
        for (const auto& f : s.findings)
            if (f.action == d.action) return &f;
    return nullptr;
}

bool refusal_may_pass(const decision&) noexcept { return false; }

}  // namespace policy
