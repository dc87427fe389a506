#include <algorithm>
#include <fstream>
#include <iomanip>
#include <iostream>
#include <map>
#include <stdexcept>
#include <vector>

#include "proxy/audit_commands.hpp"
#include "proxy/audit_text.hpp"

namespace proxy {
namespace {

namespace json = boost::json;

constexpr std::size_t most_worst = 10;

// What is counted of a table, a user or a rule.
struct tally {
    std::uint64_t statements = 0, rewritten = 0, refused = 0, failed = 0;
    double lock_wait_ms = 0, hold_ms = 0;  // the longest
};

struct worst {
    double ms;
    std::string time, user, relations, statement;
};

struct statistics {
    std::uint64_t records = 0, unread = 0;
    std::string from, to;
    std::map<std::string, tally> tables, users, rules;
    std::vector<worst> waits, holds;
};

template <class Each>
void for_each_of(statistics& s, const json::object& r, Each each) {
    each(s.users[text_at(r, "user")]);
    for (const auto& one : array_at(r, "relations"))
        if (one.is_object()) each(s.tables[text_at(one.get_object(), "name")]);
    for (const auto& one : array_at(r, "rules"))
        if (one.is_string()) each(s.rules[std::string(one.get_string())]);
}

void note_worst(std::vector<worst>& all, double ms, const json::object& r) {
    if (ms <= 0) return;
    std::string relations;
    for (const auto& one : array_at(r, "relations"))
        if (one.is_object()) relations += (relations.empty() ? "" : ", ") + text_at(one.get_object(), "name");
    all.push_back({ms, text_at(r, "time"), text_at(r, "user"), relations, text_at(r, "statement")});
    std::sort(all.begin(), all.end(), [](const worst& a, const worst& b) { return a.ms > b.ms; });
    if (all.size() > most_worst) all.pop_back();
}

void count_decision(statistics& s, const json::object& r) {
    const bool rewritten = text_at(r, "action") == "rewrite";
    for_each_of(s, r, [&](tally& t) {
        ++t.statements;
        t.rewritten += rewritten ? 1 : 0;
    });
}

void count_outcome(statistics& s, const json::object& r) {
    const auto what = text_at(r, "outcome");
    const double wait = number_at(r, "lock_wait_ms"), hold = number_at(r, "hold_ms");
    for_each_of(s, r, [&](tally& t) {
        t.refused += what == "refused" ? 1 : 0;
        t.failed += what.starts_with("failed") || what == "server lost" || what == "held too long" ? 1 : 0;
        t.lock_wait_ms = std::max(t.lock_wait_ms, wait);
        t.hold_ms = std::max(t.hold_ms, hold);
    });
    note_worst(s.waits, wait, r);
    note_worst(s.holds, hold, r);
}

void count_release(statistics& s, const json::object& r) {
    for (const auto& one : array_at(r, "relations")) {
        if (!one.is_object()) continue;
        auto& t = s.tables[text_at(one.get_object(), "name")];
        t.hold_ms = std::max(t.hold_ms, number_at(one.get_object(), "hold_ms"));
    }
    auto& t = s.users[text_at(r, "user")];
    t.hold_ms = std::max(t.hold_ms, number_at(r, "hold_ms"));
    note_worst(s.holds, number_at(r, "hold_ms"), r);
}

void count(statistics& s, const json::object& r) {
    const auto event = text_at(r, "event");
    const auto time = text_at(r, "time");
    ++s.records;
    if (s.from.empty() || time < s.from) s.from = time;
    if (time > s.to) s.to = time;
    if (event == "decision") count_decision(s, r);
    if (event == "outcome") count_outcome(s, r);
    if (event == "released") count_release(s, r);
}

using named_tally = std::pair<std::string, tally>;

// The busiest first.
std::vector<named_tally> sorted(const std::map<std::string, tally>& all) {
    std::vector<named_tally> out(all.begin(), all.end());
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.second.statements > b.second.statements; });
    return out;
}

json::array as_json(const std::map<std::string, tally>& all) {
    json::array out;
    for (const auto& [name, t] : sorted(all))
        out.push_back(json::object{{"name", name}, {"statements", t.statements}, {"rewritten", t.rewritten}, {"refused", t.refused},
                                   {"failed", t.failed}, {"lock_wait_ms", t.lock_wait_ms}, {"hold_ms", t.hold_ms}});
    return out;
}

json::array as_json(const std::vector<worst>& all) {
    json::array out;
    for (const auto& w : all)
        out.push_back(json::object{{"ms", w.ms}, {"time", w.time}, {"user", w.user}, {"relations", w.relations}, {"statement", w.statement}});
    return out;
}

void print_json(const statistics& s) {
    std::cout << json::serialize(json::object{{"records", s.records}, {"unread", s.unread}, {"from", s.from}, {"to", s.to},
                                              {"tables", as_json(s.tables)}, {"users", as_json(s.users)}, {"rules", as_json(s.rules)},
                                              {"worst_lock_waits", as_json(s.waits)}, {"worst_holds", as_json(s.holds)}})
              << "\n";
}

void print(const char* title, const std::map<std::string, tally>& all) {
    if (all.empty()) return;
    std::size_t width = std::string_view(title).size();
    for (const auto& [name, t] : all) width = std::max(width, printable(name).size());
    const auto w = static_cast<int>(width);
    std::cout << "\n" << std::left << std::setw(w) << title << std::right
              << "  statements  rewritten  refused  failed  longest lock wait  longest hold\n";
    for (const auto& [name, t] : sorted(all))
        std::cout << std::left << std::setw(w) << printable(name) << std::right << std::setw(12) << t.statements << std::setw(11) << t.rewritten
                  << std::setw(9) << t.refused << std::setw(8) << t.failed << std::setw(19) << readable_ms(t.lock_wait_ms) << std::setw(14)
                  << readable_ms(t.hold_ms) << "\n";
}

void print(const char* title, const std::vector<worst>& all) {
    if (all.empty()) return;
    std::cout << "\n" << title << "\n";
    for (const auto& w : all)
        std::cout << std::setw(12) << readable_ms(w.ms) << "  " << printable(w.time) << "  " << printable(w.user) << "  " << printable(w.relations)
                  << (w.statement.empty() ? "" : "  ") << printable(w.statement).substr(0, 120) << "\n";
}

void read(std::istream& in, const audit_filter& filter, statistics& s) {
    for (std::string line; std::getline(in, line);) {
        const auto record = record_of_line(line);
        if (!record) ++s.unread;
        else if (filter.matches(*record)) count(s, *record);
    }
}

}  // namespace

int audit_stats(const stats_options& options) {
    statistics s;
    for (const auto& path : options.files) {
        if (path == "-") {
            read(std::cin, options.filter, s);
            continue;
        }
        std::ifstream file(path);
        if (!file) throw std::runtime_error(path + ": it cannot be read");
        read(file, options.filter, s);
    }
    if (options.json) return print_json(s), 0;
    std::cout << s.records << " records" << (s.records > 0 ? " from " + s.from + " to " + s.to : "") << "\n";
    if (s.unread > 0) std::cout << s.unread << " lines are no records\n";
    print("table", s.tables);
    print("user", s.users);
    print("rule", s.rules);
    print("longest lock waits", s.waits);
    print("longest holds", s.holds);
    return 0;
}

}  // namespace proxy
