#include "proxy/lock_wait.hpp"

#include <algorithm>
#include <array>

#include "policy/quote.hpp"

namespace proxy {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds shortest_attempt{20}, shortest_pause{20}, longest_pause{500};
constexpr std::size_t holders_named = 3;

// As pg_locks spells it: AccessExclusiveLock for ACCESS EXCLUSIVE.
std::string in_pg_locks(policy::lock_mode mode) {
    std::string out;
    bool start = true;
    for (const char c : policy::name(mode)) {
        if (c != ' ') out += start ? c : static_cast<char>(c - 'A' + 'a');
        start = c == ' ';
    }
    return out + "Lock";
}

// The modes that `wanted` has to wait for, joined by commas.
std::string conflicting_with(policy::lock_mode wanted) {
    using enum policy::lock_mode;
    std::string out;
    for (const auto held : {access_share, row_share, row_exclusive, share_update_exclusive, share, share_row_exclusive, exclusive,
                            access_exclusive})
        if (policy::conflicts(wanted, held)) out += (out.empty() ? "" : ",") + in_pg_locks(held);
    return out;
}

// Who may not see the session of an autovacuum worker sees at least that it has no user.
constexpr std::string_view holders_sql = R"(/* lockkeeper */ SELECT DISTINCT l.pid::pg_catalog.text, a.usename, a.application_name, a.state,
       pg_catalog.round(EXTRACT(epoch FROM pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) a.xact_start)::pg_catalog.numeric, 1),
       l.mode, w.relation, pg_catalog.left(a.query, 200), v.gives_way, pg_catalog.current_setting('deadlock_timeout')
FROM ROWS FROM (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[])) AS w(relation, modes)
JOIN pg_catalog.pg_locks AS l
  ON ((l.relation OPERATOR(pg_catalog.=) pg_catalog.to_regclass(w.relation)::pg_catalog.oid)
      AND (l.mode OPERATOR(pg_catalog.=) ANY (pg_catalog.string_to_array(w.modes, ','))))
LEFT JOIN pg_catalog.pg_stat_activity AS a ON (a.pid OPERATOR(pg_catalog.=) l.pid)
CROSS JOIN LATERAL (
    SELECT (a.pid IS NOT NULL) AND COALESCE(a.backend_type OPERATOR(pg_catalog.=) 'autovacuum worker', a.usesysid IS NULL)
           AND (pg_catalog.strpos(COALESCE(a.query, ''), '(to prevent wraparound)') OPERATOR(pg_catalog.=) 0) AS gives_way) AS v
WHERE l.granted
  AND (l.database OPERATOR(pg_catalog.=) (SELECT d.oid FROM pg_catalog.pg_database AS d
                                          WHERE d.datname OPERATOR(pg_catalog.=) pg_catalog.current_database()))
  AND ((l.pid IS NULL) OR (l.pid OPERATOR(pg_catalog.<>) pg_catalog.pg_backend_pid()))
  AND (v.gives_way OR (a.xact_start IS NULL)
       OR (a.xact_start OPERATOR(pg_catalog.<) (pg_catalog.clock_timestamp() OPERATOR(pg_catalog.-) $3::pg_catalog.interval)))
ORDER BY 5 DESC NULLS FIRST)";

std::string text_at(const policy::catalog_row& row, std::size_t column) {
    return column < row.size() ? row[column].value_or("") : std::string();
}

std::string sentence(const lock_holder& h) {
    if (h.pid.empty()) return "A prepared transaction holds " + h.lock_mode + " on " + h.relation + ".";
    std::string out = "Process " + h.pid + " (user " + h.user;
    if (!h.application_name.empty()) out += ", application_name " + h.application_name;
    out += ") holds " + h.lock_mode + " on " + h.relation;
    if (!h.seconds.empty()) out += " in a transaction of " + h.seconds + " s";
    if (!h.state.empty()) out += ", state " + h.state;
    if (!h.query.empty()) out += "; its last query: " + h.query;
    return out + (out.back() == '.' ? "" : ".");
}

}  // namespace

std::vector<policy::wanted_lock> wanted_locks(const policy::decision& d) {
    std::vector<policy::wanted_lock> out;
    for (const auto& s : d.statements)
        for (const auto& r : s.relations)
            if (r.visible && r.lock >= policy::lock_mode::share) out.push_back({r.relation, r.lock, r.named});
    return out;
}

bool seen_unlocked(const policy::decision& d) {
    const auto seen = [](const policy::statement_decision& s) {
        return !s.relations.empty() && std::all_of(s.relations.begin(), s.relations.end(), [](const auto& r) { return r.unlocked; });
    };
    return !d.statements.empty() && std::all_of(d.statements.begin(), d.statements.end(), seen);
}

policy::catalog_query holders_query(std::span<const policy::wanted_lock> locks, milliseconds old_after) {
    std::vector<std::string> relations, modes;
    for (const auto& l : locks) {
        if (!l.named) continue;
        relations.push_back(l.relation);
        modes.push_back(conflicting_with(l.mode));
    }
    return {std::string(holders_sql),
            {policy::array_literal(relations), policy::array_literal(modes), std::to_string(old_after.count()) + " ms"},
            "holders"};
}

std::vector<lock_holder> read_holders(const policy::catalog_rows& rows) {
    std::vector<lock_holder> out;
    for (const auto& row : rows)
        out.push_back({text_at(row, 0), text_at(row, 1), text_at(row, 2), text_at(row, 3), text_at(row, 4), text_at(row, 5),
                       text_at(row, 6), text_at(row, 7), text_at(row, 8) == "t", text_at(row, 9)});
    return out;
}

std::vector<lock_holder> take_giving_way(std::vector<lock_holder>& holders) {
    const auto giving = std::stable_partition(holders.begin(), holders.end(), [](const auto& h) { return !h.gives_way; });
    std::vector<lock_holder> out(giving, holders.end());
    holders.erase(giving, holders.end());
    return out;
}

std::string describe(std::span<const lock_holder> holders) {
    std::string out;
    for (const auto& h : holders.first(std::min(holders.size(), holders_named))) out += (out.empty() ? "" : " ") + sentence(h);
    if (holders.size() > holders_named) out += " And " + std::to_string(holders.size() - holders_named) + " more.";
    return out;
}

bool lost_the_lock(std::string_view sqlstate) noexcept { return sqlstate == "55P03" || sqlstate == "40P01"; }

protocol::error_fields with_holders(protocol::error_fields error, std::span<const lock_holder> holders, int attempts) {
    if (!holders.empty()) error.set('D', describe(holders));
    error.set('H', "Lockkeeper tried " + std::to_string(attempts) +
                       " times and gave way each time, so that nobody had to queue. End the session that holds the lock, or run "
                       "the migration when it has ended.");
    return error;
}

lock_attempts::lock_attempts(const config::locks& settings, duration lock_timeout, duration client_limit, std::uint64_t seed, time now,
                             bool seen)
    : longest_(lock_timeout),
      next_pause_(shortest_pause),
      seed_(seed),
      end_(now + (client_limit > duration::zero() ? std::min(settings.budget, client_limit) : settings.budget)),
      seen_(seen) {}

lock_attempts::duration lock_attempts::timeout() const noexcept {
    if (longest_ == duration::zero()) return longest_;
    return std::min(longest_, shortest_attempt * (1 << std::min(failed_, 10)));
}

lock_attempts::duration lock_attempts::pause() noexcept {
    const auto base = next_pause_;
    next_pause_ = std::min(longest_pause, next_pause_ * 2);
    seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;  // Knuth's generator: spread is all that is asked of it
    return base + duration(static_cast<std::int64_t>((seed_ >> 33) % static_cast<std::uint64_t>(base.count())) / 2);
}

}  // namespace proxy
