#include "proxy/audit.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <ctime>

#include "proxy/redact.hpp"

namespace proxy {
namespace {

namespace json = boost::json;
using std::chrono::system_clock;

// Length of the character that begins at `at`; 0 where the bytes are no UTF-8 (RFC 3629, 4).
std::size_t utf8_length(std::string_view text, std::size_t at) {
    const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
    const auto first = byte(at), second = byte(at + 1);
    const bool leads = first < 0x80 || (first >= 0xc2 && first < 0xf5);
    const std::size_t length = !leads ? 0 : first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    for (std::size_t i = 1; i < length; ++i)
        if ((byte(at + i) & 0xc0) != 0x80) return 0;
    const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    const bool no_character = (first == 0xed && second >= 0xa0) || (first == 0xf4 && second >= 0x90);
    return overlong || no_character ? 0 : length;
}

// JSON is UTF-8 (RFC 8259, 8.1), but SQL comes in the client's encoding: what is no UTF-8 becomes U+FFFD.
std::string valid_utf8(std::string_view text) {
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto length = static_cast<unsigned char>(text[at]) < 0x80 ? 1 : utf8_length(text, at);
        if (length == 0) {
            out.append(text, done, at - done).append("\xef\xbf\xbd");
            done = at + 1;
        }
        at += std::max<std::size_t>(length, 1);
    }
    return out.append(text, done);
}

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

void put_outcome(json::object& o, const audit_record& r) {
    o["outcome"] = r.outcome;
    put(o, "ledger", r.ledger);
    o["executed"] = executed_by(r);
    if (!r.steps.empty()) o["steps"] = steps_of(r);
    if (r.attempts > 0) o["attempts"] = r.attempts;
    if (r.attempts > 0 || r.lock_wait_ms > 0) o["lock_wait_ms"] = r.lock_wait_ms;
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
