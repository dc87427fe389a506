#include "proxy/ddl_board.hpp"

#include <algorithm>

#include <boost/json.hpp>

#include "proxy/activity.hpp"

namespace proxy {
namespace {

namespace json = boost::json;

constexpr std::size_t longest_text = 1000;  // bytes of a statement on the page
constexpr std::size_t longest_list = 30;    // steps, relations

// At a character of UTF-8, which to_json has made sure of.
void shorten(json::string& text) {
    if (text.size() <= longest_text) return;
    auto end = longest_text;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    text += " ...";
}

void shorten(json::value& v) {
    if (auto* text = v.if_string()) shorten(*text);
    if (auto* list = v.if_array()) {
        if (list->size() > longest_list) list->resize(longest_list);
        for (auto& one : *list) shorten(one);
    }
    if (auto* object = v.if_object())
        for (auto& [name, one] : *object) shorten(one);
}

// A text of several statements has as many kinds as somebody likes to put together.
std::string label_of_kind(const std::string& kind) {
    if (kind.empty()) return "unknown";
    return kind.find(';') == kind.npos ? kind : "several";
}

// Rules, kinds and outcomes are few; should that be wrong the memory stays bounded.
void count_one(std::map<ddl_board::pair, std::uint64_t>& in, ddl_board::pair of) {
    if (in.size() >= ddl_board::most_series && in.find(of) == in.end()) of = {"others", "others"};
    ++in[std::move(of)];
}

std::optional<double> seconds_held(const audit_record& r) { return r.hold_ms ? std::optional(*r.hold_ms / 1000) : std::nullopt; }

}  // namespace

void histogram::add(double seconds) noexcept {
    const auto at = std::lower_bound(bounds.begin(), bounds.end(), seconds) - bounds.begin();
    ++counts[static_cast<std::size_t>(at)];
    sum += seconds;
}

// A secret is looked for in what is left, and where that ends too soon to be understood, as in a text that is not.
json::object page_record(const audit_record& whole, std::chrono::system_clock::time_point when) {
    auto r = whole;
    const auto cut = [](std::string& text) {
        const bool long_one = text.size() > longest_told;
        if (long_one) text.resize(longest_told);
        return long_one;
    };
    if (cut(r.statement)) r.understood = false;
    if (r.plan.size() > longest_list) r.plan.resize(longest_list);
    if (r.steps.size() > longest_list) r.steps.erase(r.steps.begin(), r.steps.end() - longest_list);
    for (auto& sql : r.plan) cut(sql);
    for (auto& step : r.steps) cut(step.sql);
    auto v = json::parse(to_json(r, when));
    shorten(v);
    return v.as_object();
}

void ddl_board::note(const audit_record& r) {
    if (r.event != "decision" && r.event != "outcome") {
        const std::lock_guard hold(mutex_);
        if (r.event == "step") ++numbers_.steps;
        if (const auto held = seconds_held(r)) numbers_.hold.add(*held);
        return;
    }
    auto record = page_record(r, std::chrono::system_clock::now());
    const std::lock_guard hold(mutex_);
    count(r);
    keep(r, std::move(record));
}

void ddl_board::count(const audit_record& r) {
    const auto kind = label_of_kind(r.kind);
    if (r.event == "decision") {
        ++(r.understood ? numbers_.understood : numbers_.not_understood);
        count_one(numbers_.decisions, {kind, r.action});
        for (const auto& rule : r.rules) count_one(numbers_.findings, {rule, r.action});
        return;
    }
    count_one(numbers_.outcomes, {kind, r.outcome});
    numbers_.attempts += static_cast<std::uint64_t>(std::max(r.attempts, 0));
    numbers_.duration.add(r.duration_ms / 1000);
    if (r.attempts > 0 || r.lock_wait_ms > 0) numbers_.lock_wait.add(r.lock_wait_ms / 1000);
    if (const auto held = seconds_held(r)) numbers_.hold.add(*held);
}

void ddl_board::keep(const audit_record& r, json::object record) {
    const std::string statement(record["statement"].as_string());
    const auto same = [&](const entry& e) { return e.session == r.session && e.statement == statement; };
    auto found = kept_.rend();
    if (r.event == "outcome") {
        found = std::find_if(kept_.rbegin(), kept_.rend(), [&](const entry& e) { return same(e) && !e.ended; });
        if (found == kept_.rend()) found = std::find_if(kept_.rbegin(), kept_.rend(), same);  // one more outcome: held too long
    }
    if (found == kept_.rend()) {
        if (kept_.size() == most_kept) kept_.pop_front();
        kept_.push_back({.id = ++last_id_, .session = r.session, .statement = statement});
        found = kept_.rbegin();
        record["decided"] = record["time"];
    } else {
        record["decided"] = found->record["decided"];
    }
    found->ended = r.event == "outcome";
    found->changed = ++last_change_;
    record["id"] = found->id;
    found->record = std::move(record);
}

ddl_board::numbers ddl_board::counted() const {
    const std::lock_guard hold(mutex_);
    return numbers_;
}

std::pair<json::array, std::uint64_t> ddl_board::since(std::uint64_t seen) const {
    const std::lock_guard hold(mutex_);
    json::array out;
    for (const auto& e : kept_)
        if (e.changed > seen || seen > last_change_) out.push_back(e.record);  // `seen` of another run: all of it
    return {std::move(out), last_change_};
}

}  // namespace proxy
