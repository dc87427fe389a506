#include "policy/scopes.hpp"

#include <algorithm>

#include "policy/pattern.hpp"
#include "policy/quote.hpp"
#include "policy/rules.hpp"

namespace policy {
namespace {

using std::chrono::milliseconds;

bool covers(config::version_range range, int major) noexcept {
    using relation = config::version_range::relation;
    switch (range.is) {
    case relation::below: return major < range.major;
    case relation::at_most: return major <= range.major;
    case relation::exactly: return major == range.major;
    case relation::at_least: return major >= range.major;
    case relation::above: return major > range.major;
    }
    return false;
}

bool named(std::string_view text, const std::string& patterns) noexcept { return patterns.empty() || matches_any(text, patterns); }

bool about_relations(const config::scope_match& m) noexcept { return !m.relation.empty() || m.larger_than; }

bool matches(const config::scope_match& m, const session_facts& session) noexcept {
    return named(session.user, m.user) && named(session.database, m.database) &&
           named(session.application_name, m.application_name) &&
           (!m.server_version || covers(*m.server_version, session.server_version)) &&
           (m.hours == config::hours{} || (session.now && covers(m.hours, *session.now)));
}

bool matches(const config::scope_match& m, const scoped_relation& r) noexcept {
    return named(r.name, m.relation) && (!m.larger_than || !r.size || *r.size > *m.larger_than);
}

// Null: a statement without relations.
config::scoped_settings settings_of(const config::settings& all, const session_facts& session, const scoped_relation* relation) {
    config::scoped_settings out = all;
    for (const auto& s : all.scopes)
        if (matches(s.match, session) && (!about_relations(s.match) || (relation && matches(s.match, *relation))))
            config::apply(s, out);
    return out;
}

bool singled_out(const scoped_relation& r, const config::settings& all, const session_facts& session) noexcept {
    return std::any_of(all.scopes.begin(), all.scopes.end(), [&](const config::scope& s) {
        return about_relations(s.match) && matches(s.match, session) && matches(s.match, r);
    });
}

// 0 is no limit.
milliseconds stricter(milliseconds a, milliseconds b) noexcept {
    if (a == milliseconds::zero() || b == milliseconds::zero()) return std::max(a, b);
    return std::min(a, b);
}

std::string name_of(const relation_name& n) { return (n.schema.empty() ? "public" : n.schema) + "." + n.name; }

void add(std::vector<scoped_relation>& out, scoped_relation r) {
    if (std::none_of(out.begin(), out.end(), [&](const auto& known) { return known.name == r.name; })) out.push_back(std::move(r));
}

void add_target(std::vector<scoped_relation>& out, const relation_name& written, bool index, const known_relations& known) {
    if (written.name.empty()) return;
    auto facts = known.relation(written);
    if (const auto table = index ? known.table_of_index(written) : std::nullopt) facts = *table;
    add(out, {name_of(facts.name), facts.size});
}

void add_targets(std::vector<scoped_relation>& out, const ddl& d, const known_relations& known) {
    for (const auto& r : d.relations)
        if (r.as == use::target || r.as == use::created) add_target(out, r.name, d.kind == object_kind::index, known);
}

}  // namespace

std::vector<scoped_relation> scoped_relations(const statement& s, const effects& does, const known_relations& known) {
    std::vector<scoped_relation> out;
    if (const auto* a = std::get_if<alter_table>(&s.what)) add_target(out, a->relation, a->kind == object_kind::index, known);
    if (const auto* r = std::get_if<renaming>(&s.what)) add_target(out, r->relation, r->kind == object_kind::index, known);
    if (const auto* i = std::get_if<create_index>(&s.what)) add_target(out, i->table, false, known);
    if (const auto* d = std::get_if<ddl>(&s.what)) add_targets(out, *d, known);
    if (const auto* q = std::get_if<query>(&s.what))
        for (const auto& w : q->writes) add_target(out, w.table, false, known);
    for (const auto& r : does.relations) {
        auto name = r.relation;
        std::erase(name, '"');
        add(out, {name.find('.') == name.npos ? "public." + name : name, r.size, false});
    }
    return out;
}

config::scoped_settings settings_for(const config::settings& all, const session_facts& session,
                                     std::span<const scoped_relation> relations) {
    std::optional<config::scoped_settings> out;
    for (const auto& r : relations) {
        if (!r.target && !singled_out(r, all, session)) continue;
        auto one = settings_of(all, session, &r);
        out = out ? stricter(*out, one) : std::move(one);
    }
    return out ? std::move(*out) : settings_of(all, session, nullptr);
}

config::conduct stricter(const config::conduct& a, const config::conduct& b) {
    return {.mode = std::max(a.mode, b.mode),
            .timeouts = {.lock = stricter(a.timeouts.lock, b.timeouts.lock),
                         .statement = stricter(a.timeouts.statement, b.timeouts.statement),
                         .online_lock = stricter(a.timeouts.online_lock, b.timeouts.online_lock),
                         .online_statement = stricter(a.timeouts.online_statement, b.timeouts.online_statement)},
            .locks = {.budget = std::min(a.locks.budget, b.locks.budget),
                      .max_hold = stricter(a.locks.max_hold, b.locks.max_hold),
                      .old_after = std::min(a.locks.old_after, b.locks.old_after),
                      .serialize = a.locks.serialize || b.locks.serialize},
            .transactions = std::min(a.transactions, b.transactions),
            .ledger = std::max(a.ledger, b.ledger)};
}

config::scoped_settings stricter(const config::scoped_settings& a, const config::scoped_settings& b) {
    config::scoped_settings out = a;
    static_cast<config::conduct&>(out) = stricter(static_cast<const config::conduct&>(a), static_cast<const config::conduct&>(b));
    out.small_table = std::min(a.small_table, b.small_table);
    out.unparseable = std::max(a.unparseable, b.unparseable);
    // Patterns have no common part that can be written down: nobody may, unless both say the same.
    if (a.overrides.users != b.overrides.users) out.overrides.users.clear();
    for (const auto* r : all_rules()) {
        const auto in_a = action_of(*r, a), in_b = action_of(*r, b);
        if (in_a != in_b) out.rules[std::string(r->text.id)] = std::max(in_a, in_b);
        const auto way = std::min(transactions_of(*r, a), transactions_of(*r, b));
        if (way != transactions_of(*r, out)) out.rule_transactions[std::string(r->text.id)] = way;
    }
    return out;
}

bool covers(const config::hours& h, const moment& now) noexcept {
    constexpr std::int64_t minutes_a_day = 24 * 60;
    const auto east = h.zone.local ? now.local_east_of_utc : h.zone.east_of_utc;
    const auto minute = std::chrono::floor<std::chrono::minutes>(now.since_epoch + east).count();
    auto of_day = minute % minutes_a_day;
    if (of_day < 0) of_day += minutes_a_day;
    const auto day = (minute - of_day) / minutes_a_day;  // since 1970-01-01, a Thursday
    const auto on = [&](std::int64_t which) { return (h.days >> (((which + 3) % 7 + 7) % 7) & 1) != 0; };
    const auto from = h.from.count(), to = h.to.count();
    if (from < to) return on(day) && of_day >= from && of_day < to;
    return (on(day) && of_day >= from) || (on(day - 1) && of_day < to);
}

}  // namespace policy
