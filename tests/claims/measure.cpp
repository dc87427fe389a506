#include "measure.hpp"

#include <atomic>
#include <chrono>
#include <mutex>
#include <thread>

#include "policy/catalog.hpp"
#include "policy/deeds.hpp"
#include "policy/effects.hpp"
#include "policy/judge.hpp"
#include "state.hpp"

namespace claims {
namespace {

using live::session;

constexpr const char* template_name = "lt_template";

// No parallel workers: what they read is counted elsewhere. With a statistics target of 1, ANALYZE reads 300 pages, so
// that its sample can be told from a whole table of a few hundred pages.
constexpr const char* settings = R"(
synchronous_commit = off
full_page_writes = off
autovacuum = off
wal_level = logical
max_wal_size = 2GB
checkpoint_timeout = 1h
max_prepared_transactions = 5
max_parallel_maintenance_workers = 0
max_parallel_workers_per_gather = 0
default_statistics_target = 1
jit = off
timezone = UTC
)";

live::server& server() {
    static live::server only(settings);
    return only;
}

void run_as_admin(const std::string& sql) {
    // Leaving a database takes the server a moment longer than the client.
    for (int attempt = 0;; ++attempt) {
        const auto error = session("postgres", server()).error_of(sql);
        if (error.empty()) return;
        if (!error.starts_with("55006") || attempt == 200) throw std::runtime_error(sql + ": " + error);
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
}

// Two copies made at once would find the template in use.
std::mutex copying;

std::string in_path(const std::string& name) {
    for (const char* schema : {"app.", "public."})
        if (name.starts_with(schema)) return name.substr(std::string_view(schema).size());
    return name;
}

outcome predict(session& s, const std::string& sql) {
    outcome out;
    const auto script = policy::read_script(sql, {});
    auto facts = s.facts();
    facts.user = "postgres";
    std::vector<policy::catalog_rows> answers;
    for (const auto& query : policy::catalog_queries(script.words(), facts)) answers.push_back(s.rows(query));
    const auto catalog = policy::read_catalog(answers);
    policy::known_relations known(catalog, facts.so_far);
    for (const auto& statement : script.words().statements) {
        if (const auto* no = std::get_if<policy::unmodelled>(&statement.what)) out.known = false, out.why = "unmodelled: " + no->what;
        if (const auto* no = std::get_if<policy::unparseable>(&statement.what)) out.known = false, out.why = "unparseable: " + no->message;
        const auto does = policy::effects_of(statement, known, facts);
        out.transactional = out.transactional && does.transactional;
        for (const auto& r : does.relations) {
            // Of this transaction, or the server's own: not among those measured.
            if (!r.visible || r.relation.starts_with("pg_catalog.") || r.relation.starts_with("information_schema.")) continue;
            if (r.relation.find(' ') == std::string::npos) {
                out.add(in_path(r.relation), r.lock, r.work);
                out.relations[in_path(r.relation)].unwaited = r.unwaited;
            } else if (r.relation.starts_with("indexes of ")) {
                out.elsewhere_on_indexes = std::max(out.elsewhere_on_indexes, r.lock);
            } else {
                out.elsewhere = std::max({out.elsewhere, r.lock, r.unwaited});
                out.work_elsewhere = std::max(out.work_elsewhere, r.work);
            }
        }
        facts.so_far.after(policy::deeds_of(statement, does, known));
        known.after(statement);
    }
    return out;
}

bool refused_in_a_transaction(const std::string& error) {
    return error.starts_with("25001") || error.starts_with("2D000");  // 2D000: COMMIT in a procedure
}

}  // namespace

void make_template(const corpus& c) {
    run_as_admin("CREATE ROLE lt_other");
    const auto space = server().directory() / "space";
    std::filesystem::create_directory(space);
    std::filesystem::permissions(space, std::filesystem::perms::all);
    // The server makes its own directory, so that it owns it whoever runs the tests. No row: mkdir reads none, and may have
    // ended before one is written.
    session("postgres", server()).run("COPY (SELECT WHERE false) TO PROGRAM 'mkdir -m 700 " + space.string() + "/lt'");
    run_as_admin("CREATE TABLESPACE lt_ts LOCATION '" + space.string() + "/lt'");
    run_as_admin(std::string("CREATE DATABASE ") + template_name);
    session s(template_name, server());
    s.run("SET search_path = app, public");
    s.run(c.fixture);
}

int server_version() {
    static const int version = session("postgres", server()).version();
    return version;
}

laboratory::laboratory(int number) : number_(number) {}

laboratory::~laboratory() {
    try {
        drop();
    } catch (const std::exception&) {
        // The server goes with all its databases.
    }
}

void laboratory::drop() {
    if (database_.empty()) return;
    run_as_admin("DROP DATABASE IF EXISTS " + std::exchange(database_, {}));
}

void laboratory::fresh() {
    if (!used_) return;
    const std::scoped_lock lock(copying);
    drop();
    const auto name = "lt_" + std::to_string(number_) + "_" + std::to_string(++serial_);
    const bool can_choose = server_version() >= 15;
    run_as_admin("CREATE DATABASE " + name + " TEMPLATE " + template_name + (can_choose ? " STRATEGY file_copy" : ""));
    database_ = name;
    used_ = false;
}

std::string laboratory::fill(std::string sql) const {
    for (const auto& [name, value] : {std::pair<std::string, std::string>{":DBNAME", database_}, {":SOCKET", server().directory().string()}})
        for (auto at = sql.find(name); at != std::string::npos; at = sql.find(name)) sql.replace(at, name.size(), value);
    return sql;
}

namespace {

session client_of(const std::string& database) {
    session s(database, server());
    s.run("SET search_path = app, public");
    return s;
}

void apply(session& s, const entry& e) {
    for (const auto& setting : e.settings) {
        const auto equals = setting.find('=');
        s.run("SELECT set_config('" + setting.substr(0, equals) + "', '" + setting.substr(equals + 1) + "', false)");
    }
}

}  // namespace

laboratory::result laboratory::examine(const entry& e) {
    result r;
    try {
        prepare(e);
        r.measured = inside(e, r.predicted);
        // What is locked and let go of before the end is seen where the statement has to wait for it.
        const auto target = [&](outcome& o) { return o.relations[e.target].lock; };
        const bool let_go = r.measured.known && !e.target.empty() && target(r.measured) < target(r.predicted);
        // Refused or rolled back, it has left everything as it was.
        if (e.alone && (!r.measured.transactional || (let_go && r.measured.counted))) {
            const bool transactional = r.measured.transactional;
            auto alone = outside(e, !e.target.empty());
            // What does not wait for anybody (SKIP LOCKED) is seen by luck only.
            for (int again = 0; again < 5 && alone.known && !e.target.empty() && target(alone) < target(r.predicted); ++again) {
                prepare(e);
                alone = outside(e, false);
            }
            if (let_go) r.measured.relations[e.target].lock = target(alone);
            else r.measured = std::move(alone);
            r.measured.transactional = transactional;
        }
    } catch (const std::exception& error) {
        used_ = true;
        r.measured.known = false;
        r.measured.why = error.what();
    }
    clear(e);
    return r;
}

void laboratory::prepare(const entry& e) {
    used_ = used_ || !e.before.empty();
    fresh();
    if (e.before.empty()) return;
    used_ = true;
    auto s = client_of(database_);
    for (const auto& sql : e.before) s.run(fill(sql));
}

// What a copy of the database does not keep to itself.
void laboratory::clear(const entry& e) {
    for (const auto& sql : e.after)
        if (!session("postgres", server()).error_of(sql).empty() && !database_.empty()) client_of(database_).error_of(sql);
}

// In a transaction that is rolled back: the locks are all there at its end, and the copy may be used again.
outcome laboratory::inside(const entry& e, outcome& predicted) {
    auto client = client_of(database_), observer = client_of(database_);
    apply(client, e);
    const auto sql = fill(e.sql);
    predicted = predict(client, sql);
    outcome out;
    client.run("BEGIN");
    const auto before = look(client, true);
    lock_log log;
    // Locks of a savepoint are gone after it: they are looked at behind each statement.
    const auto script = policy::read_script(sql, {});
    for (const auto& statement : script.words().statements) {
        const auto text = statement.where.length > 0 ? sql.substr(statement.where.offset, statement.where.length) : sql;
        if (const auto error = client.error_of(text); !error.empty()) {
            out.known = false;
            out.why = error;
            out.transactional = !refused_in_a_transaction(error);
            return out;
        }
        log.sample(observer, client.pid());
    }
    if (client.in_transaction()) {
        log.write(before, out);
        compare(before, look(client, true), out);
    } else {
        used_ = true;
        out.counted = false;
        log.write(before, out);
    }
    return out;
}

// On its own, under the eyes of an observer. A holder makes it wait, so that there is time to look: first for every
// lock on the target, then for those that conflict with SHARE, then for those that conflict with a writer's. A materialized
// view cannot be locked by hand, but a comment on it holds up what its maintenance takes.
outcome laboratory::outside(const entry& e, bool held) {
    used_ = true;
    auto client = client_of(database_), observer = client_of(database_), holder = client_of(database_);
    apply(client, e);
    outcome out;
    out.transactional = false;
    out.sampled = true;
    out.counted = client.version() >= 15;  // before, the counters came late
    const auto before = look(observer, false);
    const auto lock = [&](const char* mode) { return "LOCK TABLE " + e.target + " IN " + mode + " MODE; "; };
    std::vector<const char*> looser;
    if (held && holder.error_of("BEGIN; " + lock("ROW EXCLUSIVE") + "SAVEPOINT only_row_exclusive; " + lock("SHARE") + "SAVEPOINT only_share; " +
                                lock("ACCESS EXCLUSIVE")).empty())
        looser = {"only_row_exclusive", "only_share"};
    else if (held)
        held = holder.error_of("ROLLBACK; BEGIN; COMMENT ON MATERIALIZED VIEW " + e.target + " IS 'held'").empty();
    lock_log log;
    std::atomic<bool> done = false;
    const int pid = client.pid();
    std::jthread work([&, sql = fill(e.sql)] {
        out.why = client.error_of(sql);
        done = true;
    });
    auto since = std::chrono::steady_clock::now();
    while (!done) {
        const bool waits = log.sample(observer, pid);
        const auto now = std::chrono::steady_clock::now();
        if (held) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // it stands still, and others want the processor
        if (!held || !(now - since > std::chrono::milliseconds(150) || (waits && !looser.empty()))) continue;
        held = !looser.empty();
        holder.run(held ? std::string("ROLLBACK TO ") + looser.back() : "ROLLBACK");
        if (held) looser.pop_back();
        since = now;
    }
    work.join();
    if (held) holder.run("ROLLBACK");  // what did not wait for it; looking at relations does
    out.known = out.why.empty();
    log.write(before, out);
    { const auto finished = std::move(client); }  // its counters are on record when it has ended
    for (int i = 0; i < 200 && observer.value("SELECT count(*) FROM pg_stat_activity WHERE pid = " + std::to_string(pid)) != "0"; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    observer.run("SELECT pg_stat_clear_snapshot()");
    compare(before, look(observer, false), out);
    return out;
}

}  // namespace claims
