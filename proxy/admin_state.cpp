#include <boost/json.hpp>

#include "proxy/admin.hpp"
#include "proxy/redact.hpp"
#include "proxy/utf8.hpp"

// The admin page's data as JSON. Times are milliseconds before now: the clock of the browser may be another one.

namespace proxy {
namespace {

namespace json = boost::json;

std::int64_t ms_between(activity::time from, activity::time to) {
    return from == activity::time{} ? 0 : std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::milliseconds>(to - from).count());
}

std::string utf8(const std::string& text) { return valid_utf8(text); }

json::object step_json(const plan_progress::view& step, activity::time now) {
    return {{"number", step.number}, {"count", step.count}, {"undo", step.undo}, {"sql", utf8(redacted(step.sql))}, {"why", step.why}, {"ms", ms_between(step.since, now)}};
}

json::object ddl_json(const session_view& s, activity::time now) {
    json::object o;
    const auto& a = s.activity;
    if (a.ddl) {
        auto record = *a.ddl;
        record.event = "outcome";  // with the steps so far
        o = page_record(record, std::chrono::system_clock::now());
        for (const auto* field : {"outcome", "event", "time", "duration_ms"}) o.erase(field);
    } else {
        audit_record undecided{.event = "decision", .session = s.id, .statement = a.judged, .understood = true};
        o["statement"] = page_record(undecided, std::chrono::system_clock::now())["statement"];
    }
    o["ms"] = ms_between(a.judged_since, now);
    if (a.step) o["step"] = step_json(*a.step, now);
    if (a.attempts > 0) o["attempts"] = a.attempts;
    return o;
}

json::object observed_json(const observed_ddl& seen) {
    json::object o{{"waits", seen.waits}, {"blockers", json::array(seen.blockers.begin(), seen.blockers.end())}, {"queued", seen.queue.size()}};
    if (const auto& p = seen.progress) {
        json::object progress{{"command", p->command}, {"phase", p->phase}};
        if (p->percent) progress["percent"] = *p->percent;
        o["progress"] = std::move(progress);
    }
    return o;
}

// Who waits for whom, with all processes that are in it.
json::object observer_json(const observer_view& v) {
    json::array backends, waits;
    if (v.seen) {
        for (const auto& [pid, b] : v.seen->backends)
            backends.push_back({{"pid", pid},     {"user", utf8(b.user)}, {"database", utf8(b.database)}, {"application_name", utf8(b.application_name)},
                                {"type", b.type}, {"state", b.state},     {"seconds", b.seconds},         {"query", utf8(redacted(b.query, false))}});
        for (const auto& e : v.seen->edges) waits.push_back({{"pid", e.waiter}, {"for", e.blocker}});
    }
    return {{"up", v.up}, {"backends", std::move(backends)}, {"waits", std::move(waits)}};
}

json::object holder_json(const lock_holder& h) {
    return {{"pid", h.pid},         {"user", utf8(h.user)}, {"application_name", utf8(h.application_name)},
            {"state", h.state},     {"seconds", h.seconds}, {"lock_mode", h.lock_mode},
            {"relation", utf8(h.relation)}, {"query", utf8(redacted(h.query, false))}};
}

json::object session_json(const session_view& s, activity::time now, const std::optional<observer_view>& observer) {
    const auto& a = s.activity;
    json::object o{{"id", s.id},
                   {"client", s.client},
                   {"tls", s.tls},
                   {"user", utf8(a.user)},
                   {"database", utf8(a.database)},
                   {"application_name", utf8(a.application_name)},
                   {"server_pid", a.server_pid},
                   {"state", name(a.now)},
                   {"connected_ms", ms_between(s.accepted, now)},
                   {"quiet_ms", ms_between(a.heard, now)},
                   {"client_bytes", s.client_bytes},
                   {"server_bytes", s.server_bytes}};
    if (a.put_off > 0) o["put_off"] = a.put_off;
    if (a.keeps) {
        json::object keeps{{"lock", utf8(a.keeps->on)}, {"cap_ms", a.keeps->cap.count()}};
        if (a.keeps->since) keeps["ms"] = ms_between(*a.keeps->since, now);
        o["keeps"] = std::move(keeps);
    }
    if (a.ddl || !a.judged.empty()) o["ddl"] = ddl_json(s, now);
    const auto* seen = observer && observer->seen ? observer->seen->of(a.server_pid) : nullptr;
    if (seen != nullptr) o["observed"] = observed_json(*seen);
    if (!a.in_the_way.empty()) {
        json::array holders;
        for (const auto& h : a.in_the_way) holders.push_back(holder_json(h));
        o["waits_for"] = std::move(holders);
    }
    return o;
}

json::object totals_json(const numbers& n) {
    std::size_t open = 0;
    json::object states;
    for (std::size_t i = 0; i < doings; ++i) {
        states[name(static_cast<doing>(i))] = n.now.by_doing[i];
        open += n.now.by_doing[i];
    }
    json::object actions;
    for (const auto& [of, count] : n.ddl.decisions) {
        auto& at = actions[of.second];
        at = (at.is_uint64() ? at.get_uint64() : 0) + count;
    }
    return {{"open", open},
            {"states", std::move(states)},
            {"limit", n.clients_limit},
            {"sessions", n.sessions},
            {"passed", n.passed},
            {"judged", n.ddl.understood + n.ddl.not_understood},
            {"actions", std::move(actions)},
            {"client_bytes", n.client_bytes},
            {"server_bytes", n.server_bytes},
            {"held_bytes", n.now.held_bytes},
            {"put_off", n.now.put_off},
            {"workers", n.workers},
            {"workers_heard", n.workers_heard}};
}

}  // namespace

std::string state_json(const house_view& v, const ddl_board& board, std::uint64_t seen, const std::string& upstream) {
    json::array sessions;
    for (const auto& s : v.sessions) sessions.push_back(session_json(s, v.now, v.numbers.observer));
    auto [recent, last] = board.since(seen);
    json::object all{{"version", LOCKKEEPER_VERSION},
                     {"mode", v.numbers.mode},
                     {"upstream", upstream},
                     {"started", v.numbers.started},
                     {"draining", v.numbers.draining},
                     {"totals", totals_json(v.numbers)},
                     {"sessions", std::move(sessions)},
                     {"recent", std::move(recent)},
                     {"seen", last}};
    if (v.numbers.observer) all["observer"] = observer_json(*v.numbers.observer);
    return json::serialize(all);
}

}  // namespace proxy
