#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace config {

// What the proxy does with its decisions.
enum class mode {
    observe,  // decide and audit; the client's statements are not touched
    guard,    // timeouts and warnings; nothing is rewritten or refused
    enforce,  // all of it
};

// What a rule does when it finds its hazard.
enum class action { allow, warn, rewrite, reject };

// What happens to SQL that libpg_query cannot parse but whose first keyword is a DDL one.
enum class unparseable { guard, reject };

// What becomes of a statement in a transaction block whose safe way cannot run in one.
enum class transactions {
    reject,  // refused
    defer,   // what is only about speed or validation runs right after the client's COMMIT
    split,   // the transaction is committed before it, and a new one begun after it
};

// Where it is written down, for whoever comes after us, what is put off until the client's COMMIT.
enum class ledger {
    none,
    table,  // lockkeeper.pending, in the client's own transaction
};

struct endpoint {
    std::string host;
    std::uint16_t port;
};

// `tls.client`: what a client's connection must be. The words are those of libpq's sslmode.
enum class client_tls {
    disable,      // SSLRequest is answered N
    allow,        // the client chooses
    require,      // but for CancelRequests, which older clients send in the clear
    verify_ca,    // and it shows a certificate that tls.ca has signed
    verify_full,  // ... with the user's name as its common name
};

// `upstream.tls`: likewise for the connection to the server.
enum class server_tls { disable, prefer, require, verify_ca, verify_full };

enum class tls_version { tls_1_2, tls_1_3 };

// `tls:` the connections of clients. Files are PEM; they are read at start and again on SIGHUP.
struct tls {
    client_tls client = client_tls::disable;
    std::string certificate;  // with the chain behind it
    std::string key;
    std::string ca;           // for the certificates of clients
    tls_version min_version = tls_version::tls_1_2;
    // TLS on both connections with different certificates, although SCRAM with channel binding cannot pass then.
    bool without_channel_binding = false;
};

// `auth.mode`: who verifies a client.
enum class auth_mode {
    pass,   // the server: its questions and the client's answers pass through
    scram,  // Lockkeeper, by secrets of SCRAM-SHA-256, and it logs in to the server with what a client's proof tells it
};

// `auth:` how clients log in.
struct auth {
    auth_mode mode = auth_mode::pass;
    std::string file;   // in the format of PgBouncer's auth_file
    std::string query;  // $1 is the user; it returns the user and the secret
    std::string dsn;    // where the query runs, as libpq takes it
};

// `timeouts:` the values put around a statement, by its class (design section 6). Zero: no limit.
struct timeouts {
    std::chrono::milliseconds lock{500};
    std::chrono::milliseconds statement{5000};
    std::chrono::milliseconds online_lock{0};
    std::chrono::milliseconds online_statement{0};
    std::chrono::milliseconds catalog{5000};  // for what is asked of the catalog before a statement runs
};

// `locks:` how a statement that needs a strong lock waits for it without holding up everybody else.
struct locks {
    std::chrono::milliseconds budget{60000};  // for looking, waiting and trying, in all; zero: one attempt, no look
    std::chrono::milliseconds max_hold{5000}; // for a strong lock behind the statement that took it; zero: no limit
    std::chrono::milliseconds old_after{100}; // a holder whose transaction is older than this is waited for without queueing
    bool serialize = false;                   // one session at a time changes the schema of a database
    // What the observer does: an attempt behind which more sessions than this queue is given up; 0: never.
    unsigned max_queue = 0;
    // ... and a session that has been idle in a transaction for so long, in the way of a statement that waits, is ended; zero: never.
    std::chrono::milliseconds terminate_blockers{0};
    std::string terminate_blockers_user = "*", terminate_blockers_application = "*";  // of such sessions: patterns
};

// `limits:` what clients may make us hold.
struct limits {
    std::size_t clients = 10'000;           // connections at a time, over all workers
    std::size_t clients_per_user = 0;       // of them; 0: no limit of its own
    std::size_t clients_per_database = 0;
    std::size_t statement = 16u << 20;      // bytes of one Query or Parse that must be judged
    std::uint64_t held = 256u << 20;        // ... and of all of them at a time; 0: no limit
    std::chrono::milliseconds startup{60'000};  // from accept to the first ReadyForQuery
};

// `overrides:` comments that set a rule aside for one statement.
struct overrides {
    std::string users = "*";  // who may: names divided by commas, * stands for any characters; empty: nobody
};

// Which of several servers will do, in libpq's words. Asked of the server's ParameterStatus (PostgreSQL 14 and later).
enum class session_attrs { any, read_write, read_only, primary, standby };

struct upstream {
    // A path that starts with '/' names a directory of Unix sockets. Several with commas between them, each with a port
    // of its own if it likes (db1,db2:5433): they are tried in turn.
    std::string host = "127.0.0.1";
    std::uint16_t port = 5432;
    session_attrs target_session_attrs = session_attrs::any;
    std::chrono::milliseconds connect_timeout{10'000};  // for one address, TLS included; and for resolving a name
    server_tls tls = server_tls::disable;   // never on a Unix socket
    std::string tls_ca;                     // PEM file, or "system"
    std::string tls_certificate, tls_key;   // shown to a server that asks
};

// `audit.on_failure`: what becomes of schema changes in mode enforce while their records cannot be written.
enum class audit_failure { refuse, go_on };

struct audit {
    std::string file;       // empty: no file
    bool to_stdout = false;
    std::string syslog;     // a datagram socket; empty: none
    std::uint64_t rotate_size = 0;              // bytes; 0: not by size
    std::chrono::milliseconds rotate_every{0};  // 0: not by time
    unsigned keep = 0;      // rotated files; 0: all
    audit_failure on_failure = audit_failure::refuse;
};

// `drain:` how Lockkeeper ends after SIGTERM or SIGINT.
struct drain {
    std::chrono::milliseconds delay{0};      // clients are still let in, while readiness is denied already
    std::chrono::milliseconds grace{30'000}; // for sessions in a transaction, after that
};

// `admin:` HTTP for health checks, metrics and the admin page.
struct admin {
    endpoint listen{"127.0.0.1", 9432};  // empty host: nowhere
    std::string token;                   // file with it; empty: none
    std::string tls_certificate, tls_key;  // PEM files; empty: plain HTTP
};

// `observer:` a connection of Lockkeeper's own, which looks at what schema changes wait for.
struct observer {
    std::string dsn;                          // as libpq takes it; empty: there is none
    std::chrono::milliseconds interval{500};  // between two looks while one waits or runs
};

struct log {
    std::string level = "info";  // trace, debug, info, warn, error, off
};

// How a decision is carried out.
struct conduct {
    config::mode mode = mode::enforce;
    config::timeouts timeouts;
    config::locks locks;
    config::transactions transactions = transactions::defer;
    config::ledger ledger = ledger::table;
};

// What a statement is judged by: the part of the settings that a scope can change.
struct scoped_settings : conduct {
    std::uint64_t small_table = 8u << 20;   // bytes by pg_table_size; work on a smaller table is not a hazard
    config::unparseable unparseable = unparseable::guard;
    std::map<std::string, action> rules;    // rule id -> action, where it differs from the rule's own default
    std::map<std::string, config::transactions> rule_transactions;  // ... -> transactions, where it differs from the above
    config::overrides overrides;
};

// Majors of PostgreSQL: ">=14".
struct version_range {
    enum class relation { below, at_most, exactly, at_least, above };
    relation is = relation::exactly;
    int major = 0;
};

// The clock that a scope's hours are read on: UTC, a fixed distance from it, or that of Lockkeeper's machine (TZ).
struct clock_zone {
    bool local = false;
    std::chrono::minutes east_of_utc{0};

    bool operator==(const clock_zone&) const = default;
};

// Hours of the week. Where they reach over midnight, `days` names the day on which they begin.
struct hours {
    static constexpr std::uint8_t every_day = 0x7f;
    std::uint8_t days = every_day;          // bit 0: Monday
    std::chrono::minutes from{0}, to{24 * 60};  // after midnight; `to` is not part of them
    clock_zone zone;

    bool operator==(const hours&) const = default;
};

// `match:` of a scope. All that is said must hold; patterns are names divided by commas, * stands for any characters.
struct scope_match {
    std::string user, database, application_name, relation;  // empty: any
    std::optional<std::uint64_t> larger_than;  // bytes by pg_table_size
    std::optional<version_range> server_version;
    config::hours hours;
};

struct key;  // config/keys.hpp

// One entry of `scopes:`: where it matches, the keys that it says take the values of `differs`.
struct scope {
    scope_match match;
    std::vector<const key*> says;           // its rules are not among them: each of them counts by itself
    scoped_settings differs;
};

// The settings where the scope matches, put over those where it does not.
void apply(const scope& from, scoped_settings& to);

// Everything that can be configured, at its default. The YAML side (names, units, meanings) is the
// list in config/keys.cpp; tests/config/example_test.cpp holds config/example.yaml, that list and this together.
struct settings : scoped_settings {
    endpoint listen{"127.0.0.1", 6432};
    bool reuse_port = false;                // another Lockkeeper may listen there as well
    std::string unix_socket_directory;      // where clients connect too, under listen's port; empty: nowhere
    config::tls tls;
    config::auth auth;
    std::chrono::milliseconds tcp_user_timeout{0};  // of both connections; zero: the system's (some 15 minutes)
    config::upstream upstream;
    bool io_uring = true;                   // where the kernel offers it
    unsigned workers = 0;                   // 0: one for two cores, at most 4
    config::limits limits;
    config::audit audit;
    config::admin admin;
    config::drain drain;
    config::observer observer;
    config::log log;
    std::vector<scope> scopes;              // later ones win
};

}  // namespace config
