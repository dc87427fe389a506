#include "proxy/metrics.hpp"

#include <array>
#include <charconv>
#include <initializer_list>

#include "proxy/process_numbers.hpp"

// Why not a library of metrics: those keep the numbers themselves, in atomics that all threads share, and here they lie with the
// threads that count them (counters.hpp) or with the sessions. What is left is writing lines of text.

namespace proxy {
namespace {

std::string number(double value) {
    std::array<char, 64> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

// Backslash, quote and line feed (text format, "Line format").
std::string escaped(std::string_view value) {
    std::string out;
    for (const char c : value) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n') out += "\\n";
        else out += c;
    }
    return out;
}

}  // namespace

// Writes the series of one metric.
class metric_writer {
public:
    explicit metric_writer(std::string& out) : out_(out) {}

    void begin(const metric& m) {
        name_ = m.name;
        labels_.clear();
        for (auto rest = m.labels; !rest.empty();) {
            const auto word = rest.substr(0, rest.find(' '));
            labels_.push_back(word);
            rest.remove_prefix(std::min(rest.size(), word.size() + 1));
        }
        out_.append("# HELP ").append(name_).append(" ").append(m.help).append("\n");
        out_.append("# TYPE ").append(name_).append(" ").append(m.type).append("\n");
    }

    template <class Number>
    void one(Number value, std::initializer_list<std::string_view> of = {}) {
        line("", of, "", number_text(value));
    }

    void pairs(const std::map<ddl_board::pair, std::uint64_t>& all) {
        for (const auto& [of, count] : all) one(count, {of.first, of.second});
    }

    void all(const histogram& h) {
        std::uint64_t so_far = 0;
        for (std::size_t i = 0; i < h.counts.size(); ++i) {
            so_far += h.counts[i];
            line("_bucket", {}, i < h.bounds.size() ? number(h.bounds[i]) : "+Inf", std::to_string(so_far));
        }
        line("_sum", {}, "", number(h.sum));
        line("_count", {}, "", std::to_string(so_far));
    }

private:
    static std::string number_text(double v) { return number(v); }
    static std::string number_text(std::uint64_t v) { return std::to_string(v); }
    static std::string number_text(bool v) { return v ? "1" : "0"; }

    void line(std::string_view suffix, std::initializer_list<std::string_view> of, const std::string& bound, const std::string& value) {
        out_.append(name_).append(suffix);
        std::string inside;
        auto label = labels_.begin();
        for (const auto v : of) inside.append(inside.empty() ? "" : ",").append(*label++).append("=\"").append(escaped(v)).append("\"");
        if (!bound.empty()) inside.append("le=\"").append(bound).append("\"");
        if (!inside.empty()) out_.append("{").append(inside).append("}");
        out_.append(" ").append(value).append("\n");
    }

    std::string& out_;
    std::string_view name_;
    std::vector<std::string_view> labels_;
};

namespace {

using writer = metric_writer;

#define COUNT(expression) [](writer& to, const numbers& n) { to.one(static_cast<std::uint64_t>(expression)); }

#define AUDIT(field) [](writer& to, const numbers& n) { if (n.audit) to.one(n.audit->field); }

#define OBSERVER(expression) [](writer& to, const numbers& n) { if (n.observer) to.one(static_cast<std::uint64_t>(n.observer->expression)); }

std::uint64_t queued(const observer_view& v) { return v.seen ? v.seen->queued : 0; }

constexpr std::array list{
    metric{"lockkeeper_build_info", "gauge", "Always 1; which version runs, in which mode.", "version mode",
           [](writer& to, const numbers& n) { to.one(true, {LOCKKEEPER_VERSION, n.mode}); }},
    metric{"lockkeeper_draining", "gauge", "1 from SIGTERM or /quitquitquit on, while sessions that are left may finish.", "", COUNT(n.draining)},
    metric{"lockkeeper_workers", "gauge", "Worker threads.", "", COUNT(n.workers)},
    metric{"lockkeeper_workers_heard", "gauge", "Worker threads that answered within a second: fewer than lockkeeper_workers where one hangs, as with an audit log that cannot be written.", "", COUNT(n.workers_heard)},
    metric{"lockkeeper_connections_total", "counter", "Connections of clients that were accepted.", "", COUNT(n.connections)},
    metric{"lockkeeper_sessions_total", "counter", "Connections that came as far as a StartupMessage.", "", COUNT(n.sessions)},
    metric{"lockkeeper_sessions", "gauge", "Connections that are open, by what they do.", "state",
           [](writer& to, const numbers& n) {
               for (std::size_t i = 0; i < doings; ++i) to.one(std::uint64_t{n.now.by_doing[i]}, {name(static_cast<doing>(i))});
           }},
    metric{"lockkeeper_sessions_limit", "gauge", "limits.clients.", "", COUNT(n.clients_limit)},
    metric{"lockkeeper_sessions_refused_total", "counter", "Clients that were sent away because of limits.clients, clients_per_user or clients_per_database (53300).", "", COUNT(n.refused)},
    metric{"lockkeeper_cancel_requests_total", "counter", "CancelRequests that were passed on.", "", COUNT(n.cancels)},
    metric{"lockkeeper_upstream_connect_failures_total", "counter", "Sessions that ended because the server could not be reached (08001).", "", COUNT(n.upstream_failures)},
    metric{"lockkeeper_bytes_total", "counter", "Bytes of PostgreSQL's protocol that were read, by where they came from.", "from",
           [](writer& to, const numbers& n) {
               to.one(n.client_bytes, {"client"});
               to.one(n.server_bytes, {"server"});
           }},
    metric{"lockkeeper_held_bytes", "gauge", "Memory for bytes that wait in Lockkeeper, as for a slow reader or a statement that is not whole yet.", "", COUNT(n.now.held_bytes)},
    metric{"lockkeeper_held_statements_bytes", "gauge", "Bytes of long messages that are held until they are judged and sent, or remembered as prepared: what limits.held bounds.", "", COUNT(n.held_statements)},
    metric{"lockkeeper_held_statements_limit_bytes", "gauge", "limits.held; 0: no limit.", "", COUNT(n.held_limit)},
    metric{"lockkeeper_statements_not_held_total", "counter", "Long messages that there was no room for (limits.held): they passed in pieces, or were refused (53400).", "", COUNT(n.not_held)},
    metric{"lockkeeper_statements_total", "counter", "Query and Execute messages: passed (cannot change the schema), judged, or not_understood (and therefore a decision of its own).", "class",
           [](writer& to, const numbers& n) {
               to.one(n.passed, {"passed"});
               to.one(n.ddl.understood, {"judged"});
               to.one(n.ddl.not_understood, {"not_understood"});
           }},
    metric{"lockkeeper_parse_failures_total", "counter", "Statements that had to be judged and could not be parsed (unparseable), or were too long to be.", "", COUNT(n.ddl.not_understood)},
    metric{"lockkeeper_decisions_total", "counter", "Decisions about statements that change the schema or take strong locks.", "kind action",
           [](writer& to, const numbers& n) { to.pairs(n.ddl.decisions); }},
    metric{"lockkeeper_findings_total", "counter", "Rules that spoke in those decisions, with the action that was decided.", "rule action",
           [](writer& to, const numbers& n) { to.pairs(n.ddl.findings); }},
    metric{"lockkeeper_outcomes_total", "counter", "What came of them.", "kind outcome",
           [](writer& to, const numbers& n) { to.pairs(n.ddl.outcomes); }},
    metric{"lockkeeper_statement_duration_seconds", "histogram", "How long they took, waiting included.", "",
           [](writer& to, const numbers& n) { to.all(n.ddl.duration); }},
    metric{"lockkeeper_lock_wait_seconds", "histogram", "How long they waited for their locks, or for their turn (locks.serialize), outside of the server's queue.", "",
           [](writer& to, const numbers& n) { to.all(n.ddl.lock_wait); }},
    metric{"lockkeeper_lock_hold_seconds", "histogram", "How long strong locks were kept.", "",
           [](writer& to, const numbers& n) { to.all(n.ddl.hold); }},
    metric{"lockkeeper_lock_attempts_total", "counter", "Attempts to take strong locks.", "", COUNT(n.ddl.attempts)},
    metric{"lockkeeper_lock_attempts_given_up_total", "counter", "Of them, those that were given up because of locks.max_queue.", "", COUNT(n.attempts_given_up)},
    metric{"lockkeeper_plan_steps_total", "counter", "Statements that ran in place of a client's.", "", COUNT(n.ddl.steps)},
    metric{"lockkeeper_injected_batches_total", "counter", "Batches of our own statements on clients' connections: questions, timeouts, steps.", "", COUNT(n.batches)},
    metric{"lockkeeper_deferred_statements", "gauge", "Statements that are put off until a COMMIT which is still to come, or are being done behind it.", "", COUNT(n.now.put_off)},
    metric{"lockkeeper_audit_records_total", "counter", "Records that the audit log has written.", "", AUDIT(written)},
    metric{"lockkeeper_audit_queued_bytes", "gauge", "Bytes of records that are not written yet.", "", AUDIT(queued_bytes)},
    metric{"lockkeeper_audit_queue_limit_bytes", "gauge", "With so much in the queue sessions wait for room in it: nothing is dropped as long as the log can be written.", "",
           [](writer& to, const numbers& n) { if (n.audit) to.one(std::uint64_t{audit_log::most_bytes}); }},
    metric{"lockkeeper_audit_blocked_total", "counter", "Times that a session had to wait for room in the queue.", "", AUDIT(blocked)},
    metric{"lockkeeper_audit_failing", "gauge", "1 while the audit log cannot be written.", "", AUDIT(failing)},
    metric{"lockkeeper_audit_failures_total", "counter", "Times that the audit log could not be written any more.", "", AUDIT(failures)},
    metric{"lockkeeper_audit_refused_total", "counter", "Statements that were refused because their decision could not be written.", "", AUDIT(refused)},
    metric{"lockkeeper_audit_lost_total", "counter", "Records that there was no room for while the audit log could not be written.", "", AUDIT(lost)},
    metric{"lockkeeper_ddl_queued_sessions", "gauge", "Sessions that wait in the server behind schema changes, as the observer saw them last (observer.dsn; so are the following).", "",
           [](writer& to, const numbers& n) { if (n.observer) to.one(queued(*n.observer)); }},
    metric{"lockkeeper_observer_up", "gauge", "0 while the observer cannot look at the server: schema changes go on with less detail.", "", OBSERVER(up)},
    metric{"lockkeeper_observer_failures_total", "counter", "Times that it could not connect, or not look.", "", OBSERVER(failures)},
    metric{"lockkeeper_blockers_terminated_total", "counter", "Sessions that were ended because of locks.terminate_blockers.", "", OBSERVER(terminated)},
    metric{"process_start_time_seconds", "gauge", "When the process began, in seconds since 1970.", "", [](writer& to, const numbers& n) { to.one(n.started); }},
    metric{"process_cpu_seconds_total", "counter", "CPU time of the process, user and system.", "", [](writer& to, const numbers&) { to.one(process::cpu_seconds()); }},
    metric{"process_resident_memory_bytes", "gauge", "Resident memory of the process.", "", [](writer& to, const numbers&) { to.one(process::resident_bytes()); }},
    metric{"process_open_fds", "gauge", "Open file descriptors; two for a session.", "", [](writer& to, const numbers&) { to.one(process::open_descriptors()); }},
    metric{"process_max_fds", "gauge", "How many there may be.", "", [](writer& to, const numbers&) { to.one(process::most_descriptors()); }},
};

}  // namespace

std::span<const metric> metrics() { return list; }

void numbers::add(const counters& c) noexcept {
    connections += c.connections.value();
    sessions += c.sessions.value();
    refused += c.refused.value();
    cancels += c.cancels.value();
    upstream_failures += c.upstream_failures.value();
    client_bytes += c.client_bytes.value();
    server_bytes += c.server_bytes.value();
    passed += c.passed.value();
    batches += c.batches.value();
    attempts_given_up += c.attempts_given_up.value();
    not_held += c.not_held.value();
}

std::string metrics_text(const numbers& n) {
    std::string out;
    writer to(out);
    for (const auto& m : metrics()) {
        to.begin(m);
        m.write(to, n);
    }
    return out;
}

std::string metrics_markdown() {
    std::string out =
        "# Metrics\n\n"
        "`GET /metrics` of `admin.listen` (127.0.0.1:9432), in Prometheus' text format. This page is what `lockkeeper metrics` prints. "
        "Dashboard and alert rules: `docker/grafana/lockkeeper.json`, `docker/prometheus/alerts.yaml`.\n\n"
        "| metric | type | labels | meaning |\n|---|---|---|---|\n";
    for (const auto& m : metrics()) {
        out.append("| `").append(m.name).append("` | ").append(m.type).append(" | ");
        out.append(m.labels.empty() ? "" : "`").append(m.labels).append(m.labels.empty() ? "" : "`").append(" | ").append(m.help).append(" |\n");
    }
    return out;
}

}  // namespace proxy
