#include "proxy/admin.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <set>

// Who may see what, what the routes answer, and the metrics' text; sockets and real statements are test_admin.py's.
namespace {

using proxy::admin_need;
using proxy::admin_verdict;
using proxy::http_request;

http_request here(std::string path, std::string method = "GET") {
    return {.method = std::move(method), .path = std::move(path), .host = "localhost:9432", .local = true};
}
http_request elsewhere(std::string path, std::string method = "GET") {
    auto r = here(std::move(path), std::move(method));
    r.local = false;
    r.host = "10.0.0.7:9432";
    return r;
}

TEST(admin_access, health_is_for_everybody) {
    EXPECT_EQ(may(elsewhere("/"), admin_need::nothing, "secret token of ours", ""), admin_verdict::yes);
    EXPECT_EQ(may(elsewhere("/"), admin_need::nothing, "", ""), admin_verdict::yes);
}

TEST(admin_access, without_a_token_only_numbers_leave_the_machine) {
    EXPECT_EQ(may(elsewhere("/"), admin_need::numbers, "", ""), admin_verdict::yes);
    EXPECT_EQ(may(elsewhere("/"), admin_need::data, "", ""), admin_verdict::not_from_there);
    EXPECT_EQ(may(elsewhere("/"), admin_need::power, "", ""), admin_verdict::not_from_there);
    EXPECT_EQ(may(here("/"), admin_need::data, "", ""), admin_verdict::yes);
    EXPECT_EQ(may(here("/"), admin_need::power, "", ""), admin_verdict::yes);
}

TEST(admin_access, with_a_token_everybody_needs_it) {
    const std::string token = "sixteen or more.";
    auto r = elsewhere("/");
    for (const auto need : {admin_need::numbers, admin_need::data, admin_need::power}) {
        r.authorization = "";
        EXPECT_EQ(may(r, need, token, ""), admin_verdict::no_token);
        EXPECT_EQ(may(here("/"), need, token, ""), admin_verdict::no_token);
        r.authorization = "Bearer sixteen or more";
        EXPECT_EQ(may(r, need, token, ""), admin_verdict::no_token);
        r.authorization = "bearer  " + token;
        EXPECT_EQ(may(r, need, token, ""), admin_verdict::yes);
        r.authorization = "Basic YW55Ym9keTpzaXh0ZWVuIG9yIG1vcmUu";  // anybody:sixteen or more.
        EXPECT_EQ(may(r, need, token, ""), admin_verdict::yes);
    }
}

TEST(admin_access, a_token_is_read_from_both_schemes) {
    using proxy::token_of;
    EXPECT_EQ(token_of("Bearer abc"), "abc");
    EXPECT_EQ(token_of("Basic YTpi"), "b");
    EXPECT_EQ(token_of("Basic YTpiYw=="), "bc");
    EXPECT_EQ(token_of("Basic YTpiOmM="), "b:c");
    for (const auto* none : {"", "Bearer", "Bearer ", "Basic", "Basic !!!!", "Basic YTp", "Basic YWI=", "Digest abc", "Bearerabc"})
        EXPECT_EQ(token_of(none), "") << none;
}

TEST(admin_access, names_that_are_not_the_machines_are_refused) {
    const auto verdict = [](std::string host) {
        auto r = here("/");
        r.host = std::move(host);
        return may(r, admin_need::data, "", "gate.example.com");
    };
    for (const auto* ours : {"localhost", "LOCALHOST:1", "127.0.0.1:9432", "[::1]:9432", "[::1]", "gate.example.com:9432"})
        EXPECT_EQ(verdict(ours), admin_verdict::yes) << ours;
    for (const auto* theirs : {"", "evil.example", "evil.example:9432", "127.0.0.1.evil.example", "localhost.evil.example", ":9432"})
        EXPECT_EQ(verdict(theirs), admin_verdict::wrong_host) << theirs;
}

TEST(admin_access, a_page_from_elsewhere_cannot_end_it) {
    auto r = here("/quitquitquit", "POST");
    r.origin = "http://localhost:9432";
    EXPECT_EQ(may(r, admin_need::power, "", ""), admin_verdict::yes);
    for (const auto* origin : {"null", "http://evil.example", "http://localhost:8000", "http://localhost:9432.evil.example"}) {
        r.origin = origin;
        EXPECT_EQ(may(r, admin_need::power, "", ""), admin_verdict::wrong_origin) << origin;
    }
    r.origin.clear();
    r.fetch_site = "cross-site";
    EXPECT_EQ(may(r, admin_need::power, "", ""), admin_verdict::wrong_origin);
    r.fetch_site = "same-site";
    EXPECT_EQ(may(r, admin_need::power, "", ""), admin_verdict::wrong_origin);
    r.fetch_site = "same-origin";
    EXPECT_EQ(may(r, admin_need::power, "", ""), admin_verdict::yes);
}

// What the server would say, with a house that is looked at without threads.
struct stand {
    proxy::ddl_board board;
    proxy::house_view house;
    bool started = true, draining = false;
    int drains = 0;
    config::admin settings;
    proxy::admin admin{settings, access()};

    proxy::admin::access_to access() {
        return {.started = [this] { return started; },
                .draining = [this] { return draining; },
                .drain = [this] { ++drains; },
                .look = [this](std::function<void(const proxy::house_view&)> r) { r(house); },
                .board = &board,
                .upstream = "db:5432"};
    }
    proxy::http_reply ask(http_request r) const {
        proxy::http_reply got{.status = 0};
        admin.answer(std::move(r), [&](proxy::http_reply&& reply) { got = std::move(reply); });
        return got;
    }
};

TEST(admin, tells_health_and_readiness_apart) {
    stand s;
    for (const auto* path : {"/healthz", "/readyz", "/startupz"}) EXPECT_EQ(s.ask(elsewhere(path)).status, 200u) << path;
    s.draining = true;
    EXPECT_EQ(s.ask(elsewhere("/healthz")).status, 200u);
    EXPECT_EQ(s.ask(elsewhere("/startupz")).status, 200u);
    EXPECT_EQ(s.ask(elsewhere("/readyz")).status, 503u);
    s.draining = s.started = false;
    EXPECT_EQ(s.ask(elsewhere("/readyz")).status, 503u);
    EXPECT_EQ(s.ask(elsewhere("/startupz")).status, 503u);
}

TEST(admin, drains_once_the_answer_is_out) {
    stand s;
    EXPECT_EQ(s.ask(here("/quitquitquit")).status, 405u);
    EXPECT_EQ(s.ask(elsewhere("/quitquitquit", "POST")).status, 403u);
    const auto yes = s.ask(here("/quitquitquit", "POST"));
    EXPECT_EQ(yes.status, 200u);
    EXPECT_EQ(s.drains, 0);
    yes.then();
    EXPECT_EQ(s.drains, 1);
}

TEST(admin, knows_its_paths_and_their_methods) {
    stand s;
    EXPECT_EQ(s.ask(here("/etc/passwd")).status, 404u);
    EXPECT_EQ(s.ask(here("/metrics", "POST")).status, 405u);
    EXPECT_EQ(s.ask(here("/metrics", "HEAD")).status, 200u);
    EXPECT_EQ(s.ask(elsewhere("/")).status, 403u);
    EXPECT_EQ(s.ask(elsewhere("/api/state")).status, 403u);
    EXPECT_EQ(s.ask(here("/api/state")).type, "application/json");
}

TEST(admin, a_short_token_is_no_token) {
    const auto path = std::filesystem::temp_directory_path() / "lockkeeper-admin-test-token";
    config::admin settings{.token = path.string()};
    stand s;
    proxy::admin guarded(settings, s.access());
    EXPECT_THROW(guarded.read_token(), std::runtime_error);
    std::ofstream(path) << "too short\n";
    EXPECT_THROW(guarded.read_token(), std::runtime_error);
    std::ofstream(path) << "long enough to be one\r\n";
    guarded.read_token();
    std::filesystem::remove(path);
    unsigned status = 0;
    auto r = elsewhere("/metrics");
    r.authorization = "Bearer long enough to be one";
    guarded.answer(std::move(r), [&](proxy::http_reply&& reply) { status = reply.status; });
    EXPECT_EQ(status, 200u);
}

proxy::audit_record record(std::string event, std::string statement, std::string outcome = {}) {
    return {.event = std::move(event), .session = 7, .user = "joe", .statement = std::move(statement), .kind = "CREATE INDEX",
            .rules = {"index-without-concurrently"}, .action = "rewrite", .outcome = std::move(outcome)};
}

TEST(board, counts_decisions_and_outcomes) {
    proxy::ddl_board b;
    b.note(record("decision", "create index"));
    auto done = record("outcome", "create index", "done");
    done.attempts = 3;
    done.lock_wait_ms = 40;
    done.duration_ms = 1500;
    b.note(done);
    auto odd = record("decision", "create");
    odd.kind = "CREATE INDEX; COMMENT";
    odd.understood = false;
    b.note(odd);
    const auto n = b.counted();
    EXPECT_EQ(n.decisions.at({"CREATE INDEX", "rewrite"}), 1u);
    EXPECT_EQ(n.decisions.at({"several", "rewrite"}), 1u);
    EXPECT_EQ(n.findings.at({"index-without-concurrently", "rewrite"}), 2u);
    EXPECT_EQ(n.outcomes.at({"CREATE INDEX", "done"}), 1u);
    EXPECT_EQ(n.understood, 1u);
    EXPECT_EQ(n.not_understood, 1u);
    EXPECT_EQ(n.attempts, 3u);
    EXPECT_DOUBLE_EQ(n.lock_wait.sum, 0.04);
    EXPECT_EQ(n.lock_wait.counts[3], 1u);  // up to 50 ms
    EXPECT_EQ(n.duration.counts[8], 1u);   // up to 2.5 s
}

TEST(board, an_outcome_is_put_to_its_decision) {
    proxy::ddl_board b;
    b.note(record("decision", "a"));
    b.note(record("decision", "b"));
    b.note(record("outcome", "a", "done"));
    const auto [all, seen] = b.since(0);
    ASSERT_EQ(all.size(), 2u);
    EXPECT_EQ(all[0].at("statement"), "a");
    EXPECT_EQ(all[0].at("outcome"), "done");
    EXPECT_FALSE(all[1].as_object().contains("outcome"));
    EXPECT_TRUE(b.since(seen).first.empty());
    b.note(record("outcome", "b", "failed"));
    const auto [news, last] = b.since(seen);
    ASSERT_EQ(news.size(), 1u);
    EXPECT_EQ(news[0].at("id"), all[1].at("id"));
    EXPECT_GT(last, seen);
    EXPECT_EQ(b.since(last + 5).first.size(), 2u);  // of another run
}

TEST(board, keeps_little_whatever_comes) {
    proxy::ddl_board b;
    for (std::size_t i = 0; i < 2 * proxy::ddl_board::most_series; ++i) {
        auto r = record("decision", std::string(100'000, 'x') + "\xc3\xa4" + std::to_string(i));
        r.kind = "KIND " + std::to_string(i);
        b.note(r);
    }
    EXPECT_EQ(b.counted().decisions.size(), proxy::ddl_board::most_series + 1);
    const auto all = b.since(0).first;
    EXPECT_EQ(all.size(), proxy::ddl_board::most_kept);
    EXPECT_LT(boost::json::serialize(all).size(), 200'000u);
}

TEST(board, hides_secrets_as_the_audit_log_does) {
    proxy::ddl_board b;
    b.note(record("decision", "ALTER ROLE joe PASSWORD 'hunter2'"));
    EXPECT_EQ(boost::json::serialize(b.since(0).first).find("hunter2"), std::string::npos);
}

TEST(metrics, the_text_has_every_metric_and_no_label_that_the_list_does_not_know) {
    proxy::numbers n;
    n.audit = proxy::audit_counters{};
    n.observer = proxy::observer_view{};
    n.mode = "en\"fo\\rce\n";
    n.ddl.decisions[{"CREATE INDEX", "rewrite"}] = 2;
    n.ddl.lock_wait.add(0.3);
    const auto text = metrics_text(n);
    std::set<std::string> names;
    for (const auto& m : proxy::metrics()) {
        EXPECT_TRUE(names.insert(std::string(m.name)).second) << m.name;
        EXPECT_NE(text.find("# HELP " + std::string(m.name) + " " + std::string(m.help) + "\n"), std::string::npos) << m.name;
        EXPECT_NE(text.find("# TYPE " + std::string(m.name) + " " + std::string(m.type) + "\n"), std::string::npos) << m.name;
        EXPECT_TRUE(m.help.ends_with(".")) << m.help;
        EXPECT_EQ(m.type == "counter", m.name.ends_with("_total")) << m.name;
    }
    EXPECT_NE(text.find("lockkeeper_decisions_total{kind=\"CREATE INDEX\",action=\"rewrite\"} 2\n"), std::string::npos);
    EXPECT_NE(text.find("mode=\"en\\\"fo\\\\rce\\n\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("lockkeeper_lock_wait_seconds_bucket{le=\"0.25\"} 0\n"), std::string::npos);
    EXPECT_NE(text.find("lockkeeper_lock_wait_seconds_bucket{le=\"0.5\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("lockkeeper_lock_wait_seconds_bucket{le=\"+Inf\"} 1\n"), std::string::npos);
    EXPECT_NE(text.find("lockkeeper_lock_wait_seconds_count 1\n"), std::string::npos);
}

TEST(state, tells_what_the_observer_has_seen) {
    stand s;
    proxy::session_view v{.id = 3, .client = "127.0.0.1:1"};
    v.activity.server_pid = 2;
    v.activity.ddl = record("decision", "ALTER TABLE t ADD c int");
    s.house.sessions.push_back(v);
    EXPECT_EQ(s.ask(here("/api/state")).body.find("observer"), std::string::npos);
    proxy::observation seen;
    seen.ddl[2] = {.waits = true, .blockers = {1}, .queue = {4, 5}, .progress = proxy::server_progress{"CREATE INDEX", "sorting", 40}};
    seen.backends[1] = {.pid = 1, .user = "\xff", .state = "active", .query = "ALTER ROLE x PASSWORD 'hunter2'"};
    seen.edges = {{2, 1}};
    s.house.numbers.observer = proxy::observer_view{.up = true, .seen = std::make_shared<const proxy::observation>(seen)};
    const auto body = s.ask(here("/api/state")).body;
    EXPECT_EQ(body.find("hunter2"), std::string::npos);
    const auto state = boost::json::parse(body);
    EXPECT_EQ(boost::json::serialize(state.at("sessions").at(0).at("observed")),
              R"({"waits":true,"blockers":[1],"queued":2,"progress":{"command":"CREATE INDEX","phase":"sorting","percent":40}})");
    EXPECT_EQ(boost::json::serialize(state.at("observer").at("waits")), R"([{"pid":2,"for":1}])");
    EXPECT_EQ(state.at("observer").at("backends").at(0).at("state"), "active");
}

TEST(state, tells_who_waits_for_whom_and_hides_secrets) {
    stand s;
    proxy::session_view v{.id = 3, .client = "127.0.0.1:1"};
    v.activity.now = proxy::doing::waiting;
    v.activity.user = "\xff";
    v.activity.ddl = record("decision", "ALTER TABLE t ADD c int");
    v.activity.in_the_way = {{.pid = "42", .user = "bob", .state = "idle in transaction", .seconds = "3.5", .lock_mode = "ACCESS SHARE",
                              .relation = "t", .query = "ALTER ROLE x PASSWORD 'hunter2'"}};
    s.house.sessions.push_back(v);
    const auto reply = s.ask(here("/api/state"));
    const auto state = boost::json::parse(reply.body);
    const auto& session = state.at("sessions").at(0);
    EXPECT_EQ(session.at("state"), "waiting");
    EXPECT_EQ(session.at("ddl").at("statement"), "ALTER TABLE t ADD c int");
    EXPECT_EQ(session.at("waits_for").at(0).at("pid"), "42");
    EXPECT_EQ(reply.body.find("hunter2"), std::string::npos);
}

TEST(page, loads_nothing_and_may_run_only_what_stands_in_it) {
    const auto page = proxy::admin_page();
    for (const auto* elsewhere : {"//", "src=", "@import", "url("}) EXPECT_EQ(page.body.find(elsewhere), std::string::npos) << elsewhere;
    const auto& policy = page.fields.at(0).second;
    EXPECT_NE(policy.find("default-src 'none'; script-src 'sha256-"), std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
}

}  // namespace
