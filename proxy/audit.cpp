#include "proxy/audit.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <ctime>

#include "proxy/redact.hpp"
#include "proxy/utf8.hpp"

namespace proxy {
namespace {

namespace json = boost::json;
using std::chrono::system_clock;

// Milliseconds as people and every JSON reader take them, 1.226: json::serialize would write 1.226E0.
std::string decimals(double value) {
    std::array<char, 64> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed, 3).ptr;
    return {text.data(), end};
}

std::string text_of(const json::value& value);

std::string one_line(const json::object& o) {
    std::string out;
    for (const auto& [name, value] : o)
        out += (out.empty() ? "{" : ",") + json::serialize(json::string(name)) + ":" + text_of(value);
    return out.empty() ? "{}" : out + "}";
}

std::string one_line(const json::array& all) {
    std::string out;
    for (const auto& value : all) out += (out.empty() ? "[" : ",") + text_of(value);
    return out.empty() ? "[]" : out + "]";
}

std::string text_of(const json::value& value) {
    if (value.is_double()) return decimals(value.get_double());
    if (value.is_object()) return one_line(value.get_object());
    if (value.is_array()) return one_line(value.get_array());
    return json::serialize(value);
}

void put(json::object& o, std::string_view name, const std::string& value) {
    if (!value.empty()) o[name] = valid_utf8(value);
}

json::array relations_of(const audit_record& r) {
    json::array all;
    for (const auto& relation : r.relations) {
        json::object one{{"name", valid_utf8(relation.name)}, {"lock_mode", relation.lock_mode}};
        if (relation.bytes) one["bytes"] = *relation.bytes;
        if (relation.hold_ms) one["hold_ms"] = *relation.hold_ms;
        all.push_back(std::move(one));
    }
    return all;
}

json::object step_of(const audit_step& step) {
    json::object one{{"sql", valid_utf8(redacted(step.sql))}, {"outcome", step.outcome}, {"ms", step.ms}};
    if (step.undo) one["undo"] = true;
    return one;
}

json::array steps_of(const audit_record& r) {
    json::array all;
    for (const auto& step : r.steps) all.push_back(step_of(step));
    return all;
}

// What ran in place of the statement, or the statement itself.
json::array executed_by(const audit_record& r) {
    json::array all;
    for (const auto& step : r.steps) all.push_back(json::string(valid_utf8(redacted(step.sql))));
    if (r.sent) all.push_back(json::string(valid_utf8(redacted(r.statement, r.understood))));
    return all;
}

void put_who(json::object& o, const audit_record& r) {
    o["session"] = r.session;
    put(o, "client", r.client);
    put(o, "user", r.user);
    put(o, "database", r.database);
    put(o, "application_name", r.application_name);
    if (r.server_pid != 0) o["server_pid"] = r.server_pid;
}

json::array blockers_of(const audit_record& r) {
    json::array all;
    for (const auto& b : r.blockers) {
        json::object one;
        one["pid"] = b.pid;
        put(one, "user", b.user);
        put(one, "application_name", b.application_name);
        if (!b.state.empty()) one["state"] = b.state;
        one["seconds"] = b.seconds;
        if (b.idle_seconds > 0) one["idle_seconds"] = b.idle_seconds;
        if (!b.query.empty()) one["query"] = valid_utf8(redacted(b.query, false));
        all.push_back(std::move(one));
    }
    return all;
}

void put_outcome(json::object& o, const audit_record& r) {
    o["outcome"] = r.outcome;
    put(o, "ledger", r.ledger);
    o["executed"] = executed_by(r);
    if (!r.steps.empty()) o["steps"] = steps_of(r);
    if (r.attempts > 0) o["attempts"] = r.attempts;
    if (r.attempts > 0 || r.lock_wait_ms > 0) o["lock_wait_ms"] = r.lock_wait_ms;
    if (r.gave_way > 0) o["gave_way"] = r.gave_way;
    if (r.queued > 0) o["queued"] = r.queued;
    if (!r.blockers.empty()) o["blockers"] = blockers_of(r);
    if (r.hold_ms) o["hold_ms"] = *r.hold_ms;
    o["duration_ms"] = r.duration_ms;
    put(o, "sqlstate", r.sqlstate);
    put(o, "tag", r.tag);
}

// A transaction has ended: what it held, and for how long.
std::string released(json::object o, const audit_record& r) {
    o["relations"] = relations_of(r);
    o["mode"] = r.mode;
    o["outcome"] = r.outcome;
    if (r.hold_ms) o["hold_ms"] = *r.hold_ms;
    return one_line(o);
}

}  // namespace

std::string rfc3339(system_clock::time_point when) {
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch()).count();
    const auto seconds = static_cast<std::time_t>(micros / 1'000'000);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 40> text{};
    const auto length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
    std::array<char, 12> fraction{};
    std::snprintf(fraction.data(), fraction.size(), ".%06dZ", static_cast<int>(micros % 1'000'000));
    return std::string(text.data(), length) + fraction.data();
}

std::string to_json(const audit_record& r, system_clock::time_point when) {
    json::object o;
    o["time"] = rfc3339(when);
    o["event"] = r.event;
    put_who(o, r);
    if (r.event == "released") return released(std::move(o), r);
    if (r.event == "terminated") {
        o["blockers"] = blockers_of(r);
        return one_line(o);
    }
    o["protocol"] = r.protocol;
    o["transaction"] = r.transaction;
    o["statement"] = valid_utf8(redacted(r.statement, r.understood));
    put(o, "fingerprint", r.fingerprint);
    put(o, "kind", r.kind);
    if (r.event == "step") {
        o["step"] = step_of(r.steps.front());
        return one_line(o);
    }
    if (!r.relations.empty()) o["relations"] = relations_of(r);
    o["class"] = r.timeout_class;
    o["rules"] = json::value_from(r.rules);
    if (!r.overridden.empty()) {
        o["overridden"] = json::value_from(r.overridden);
        put(o, "override_reason", r.override_reason);
    }
    o["action"] = r.action;
    o["mode"] = r.mode;
    if (!r.plan.empty()) {
        json::array steps;
        for (const auto& step : r.plan) steps.push_back(json::string(valid_utf8(redacted(step))));
        o["plan"] = std::move(steps);
    }
    if (r.event == "outcome") put_outcome(o, r);
    return one_line(o);
}

}  // namespace proxy
