#include "proxy/audit_text.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "proxy/audit_filter.hpp"

namespace proxy {
namespace {

namespace json = boost::json;

struct paint {
    bool on;
    std::string operator()(const char* how, std::string_view text) const {
        return on && !text.empty() ? "\033[" + std::string(how) + "m" + std::string(text) + "\033[0m" : std::string(text);
    }
};

constexpr const char *faint = "2", *bold = "1", *red = "1;31", *green = "32", *yellow = "1;33", *cyan = "1;36";

const char* colour_of(std::string_view word) {
    if (word.ends_with("reject") || word == "refused" || word.starts_with("failed") || word == "held too long" || word == "server lost") return red;
    if (word.ends_with("rewrite")) return cyan;
    if (word.ends_with("warn") || word == "canceled" || word == "rolled back" || word == "skipped") return yellow;
    return green;
}

// 2026-11-22 07:01:10.582, as it stands there in UTC.
std::string time_of(const json::object& r) {
    auto time = text_at(r, "time").substr(0, 23);
    if (time.size() > 10) time[10] = ' ';
    return time;
}

std::string who(const json::object& r) {
    const auto name = text_at(r, "application_name");
    return printable(text_at(r, "user") + "@" + text_at(r, "database") + (name.empty() ? "" : " (" + name + ")"));
}

std::string joined(const json::array& all, std::string_view between) {
    std::string out;
    for (const auto& one : all)
        if (one.is_string()) out += (out.empty() ? "" : std::string(between)) + printable(std::string_view(one.get_string()));
    return out;
}

std::string relations_of(const json::object& r) {
    std::string out;
    for (const auto& one : array_at(r, "relations")) {
        if (!one.is_object()) continue;
        const auto& o = one.get_object();
        out += (out.empty() ? "" : ", ") + text_at(o, "lock_mode") + " on " + text_at(o, "name");
        if (o.contains("hold_ms")) out += " for " + readable_ms(number_at(o, "hold_ms"));
    }
    return printable(out);
}

std::string sql(const std::string& text, const paint& p) { return "    " + p(faint, printable(text)) + "\n"; }

std::string decision(const json::object& r, const paint& p) {
    const auto action = text_at(r, "action");
    auto out = p(colour_of(action), action) + " " + p(bold, printable(text_at(r, "kind")));
    if (const auto locks = relations_of(r); !locks.empty()) out += ", " + locks;
    if (const auto rules = joined(array_at(r, "rules"), ", "); !rules.empty()) out += " [" + rules + "]";
    if (const auto reason = text_at(r, "override_reason"); !reason.empty())
        out += " (" + joined(array_at(r, "overridden"), ", ") + " set aside: " + printable(reason) + ")";
    out += "\n" + sql(text_at(r, "statement"), p);
    for (const auto& step : array_at(r, "plan"))
        if (step.is_string()) out += sql("-> " + std::string(step.get_string()), p);
    return out;
}

// pid 4711 (user report, nightly), idle in transaction for 12.3 s
std::string blockers_of(const json::object& r) {
    std::string out;
    for (const auto& one : array_at(r, "blockers")) {
        if (!one.is_object()) continue;
        const auto& b = one.get_object();
        const auto name = text_at(b, "application_name"), state = text_at(b, "state");
        out += (out.empty() ? "pid " : "; pid ") + std::to_string(std::lround(number_at(b, "pid"))) + " (user " + text_at(b, "user") +
               (name.empty() ? "" : ", " + name) + ")" + (state.empty() ? "" : ", " + state);
        if (b.contains("idle_seconds")) out += " for " + readable_ms(1000 * number_at(b, "idle_seconds"));
    }
    return printable(out);
}

std::string outcome(const json::object& r, const paint& p) {
    const auto word = text_at(r, "outcome");
    auto out = p(colour_of(word), printable(word));
    if (const auto state = text_at(r, "sqlstate"); !state.empty()) out += " " + printable(state);
    out += " " + printable(text_at(r, "kind")) + " in " + readable_ms(number_at(r, "duration_ms"));
    if (r.contains("lock_wait_ms")) out += ", waited " + readable_ms(number_at(r, "lock_wait_ms"));
    if (const auto tries = number_at(r, "attempts"); tries > 1) out += " in " + std::to_string(std::lround(tries)) + " attempts";
    if (r.contains("hold_ms")) out += ", held its lock for " + readable_ms(number_at(r, "hold_ms"));
    if (r.contains("queued")) out += ", " + std::to_string(std::lround(number_at(r, "queued"))) + " sessions queued behind it";
    if (const auto blockers = blockers_of(r); !blockers.empty()) out += ", behind " + blockers;
    return out + "\n" + sql(text_at(r, "statement"), p);
}

std::string step(const json::object& r, const paint& p) {
    const auto* what = r.if_contains("step");
    if (what == nullptr || !what->is_object()) return "\n";
    const auto& s = what->get_object();
    const auto word = text_at(s, "outcome");
    return p(colour_of(word == "done" ? word : "failed"), printable(word)) + (s.contains("undo") ? " (undoing)" : "") + " step in " + readable_ms(number_at(s, "ms")) + "\n" +
           sql(text_at(s, "sql"), p);
}

// A record about the log itself: its members one by one.
std::string own(const json::object& r, const paint& p) {
    auto out = p(yellow, "audit log " + printable(text_at(r, "event")));
    for (const auto& [name, value] : r) {
        const std::string_view n = name;
        if (n == "time" || n == "event" || n == "seq" || n == "prev" || n == "hash") continue;
        out += " " + std::string(n) + "=" + printable(value.is_string() ? std::string(value.get_string()) : json::serialize(value));
    }
    return out + "\n";
}

}  // namespace

std::string printable(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0u;
        if (c == '\n' || c == '\t' || c == '\r') out += ' ';
        else if (c < 0x20 || c == 0x7f) out += '?';
        else if (c == 0xc2 && next >= 0x80 && next < 0xa0) out += '?', ++i;  // U+0080 to U+009F
        else out += text[i];
    }
    return out;
}

std::string readable_ms(double ms) {
    std::array<char, 48> text{};
    if (ms < 10) std::snprintf(text.data(), text.size(), "%.1f ms", ms);
    else if (ms < 1000) std::snprintf(text.data(), text.size(), "%.0f ms", ms);
    else if (ms < 100'000) std::snprintf(text.data(), text.size(), "%.1f s", ms / 1000);
    else std::snprintf(text.data(), text.size(), "%.0f min %02.0f s", std::floor(ms / 60'000), std::floor(std::fmod(ms, 60'000) / 1000));
    return text.data();
}

std::string audit_text(const json::object& r, bool colours) {
    const paint p{colours};
    const auto event = text_at(r, "event");
    const auto begin = p(faint, time_of(r)) + "  ";
    if (event == "decision") return begin + who(r) + "  " + decision(r, p);
    if (event == "outcome") return begin + who(r) + "  " + outcome(r, p);
    if (event == "step") return begin + who(r) + "  " + step(r, p);
    if (event == "released")
        return begin + who(r) + "  " + p(colour_of(text_at(r, "outcome")), text_at(r, "outcome")) + ": held " + relations_of(r) + "\n";
    if (event == "terminated") return begin + who(r) + "  " + p(red, event) + " for its sake: " + blockers_of(r) + "\n";
    return begin + own(r, p);
}

}  // namespace proxy
