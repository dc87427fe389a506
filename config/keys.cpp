#include "config/keys.hpp"

#include <array>
#include <stdexcept>

#include "config/values.hpp"

namespace config {
namespace {

using namespace std::chrono_literals;

std::string parse_level(const std::string& text) {
    for (const auto* level : {"trace", "debug", "info", "warn", "error", "off"})
        if (text == level) return text;
    throw std::invalid_argument("expected one of trace, debug, info, warn, error, off, not '" + text + "'");
}

void read_host(settings& s, const std::string& text) {
    if (text.empty()) throw std::invalid_argument("expected a host name, an address or a directory, not ''");
    auto changed = s.upstream;
    changed.host = parse_text(text);
    hosts_of(changed);
    s.upstream = std::move(changed);
}

// Zero or a second: what has been idle for less may be about to go on.
void read_terminate_blockers(settings& s, const std::string& text) {
    const auto age = parse_duration(text);
    s.locks.terminate_blockers = age == 0ms ? age : parse_duration(text, 1s);
}

void read_admin_listen(settings& s, const std::string& text) { s.admin.listen = text.empty() ? endpoint{"", 0} : parse_endpoint(text); }
std::string print_admin_listen(const settings& s) { return s.admin.listen.host.empty() ? print_text("") : print_endpoint(s.admin.listen); }

#define DURATION(field, least) \
    [](settings& s, const std::string& t) { s.field = parse_duration(t, least); }, [](const settings& s) { return print_duration(s.field); }
#define SIZE(field, least, most) \
    [](settings& s, const std::string& t) { s.field = parse_size(t, least, most); }, [](const settings& s) { return print_size(s.field); }
#define COUNT(field, least, most)                                                                                   \
    [](settings& s, const std::string& t) { s.field = static_cast<decltype(s.field)>(parse_count(t, least, most)); }, \
        [](const settings& s) { return std::to_string(s.field); }
#define TEXT(field) \
    [](settings& s, const std::string& t) { s.field = parse_text(t); }, [](const settings& s) { return print_text(s.field); }
#define WORD(field, parse) \
    [](settings& s, const std::string& t) { s.field = parse(t); }, [](const settings& s) { return print(s.field); }

#define BOOL(field) \
    [](settings& s, const std::string& t) { s.field = parse_bool(t); }, [](const settings& s) { return print_bool(s.field); }

#define AT_RESTART(field) nullptr, [](settings& to, const settings& from) { to.field = from.field; }
#define SCOPED(field) [](scoped_settings& to, const scoped_settings& from) { to.field = from.field; }

constexpr std::array list{
    key{"listen", "Where clients connect: host:port. * is every address of the machine; an IPv6 address stands in brackets; port 0 takes a free one.",
        [](settings& s, const std::string& t) { s.listen = parse_endpoint(t); },
        [](const settings& s) { return print_endpoint(s.listen); }, AT_RESTART(listen)},
    key{"reuse_port", "Whether another Lockkeeper of the same user may listen there too: true or false. For a restart without a refused connection: the new one is started with the old one still there, which is then sent SIGTERM.",
        BOOL(reuse_port), AT_RESTART(reuse_port)},
    key{"unix_socket_directory", "A directory where clients connect too, at .s.PGSQL. and the port of listen, as at the server's own. Empty: none.", TEXT(unix_socket_directory), AT_RESTART(unix_socket_directory)},
    key{"tcp_user_timeout", "How long the other side of a connection may acknowledge nothing, or keep its window shut, before it counts as dead. 0: the system's, some 15 minutes.", DURATION(tcp_user_timeout, 0ms)},
    key{"tls.client", "TLS with clients: disable; allow (they choose); require; verify-ca (with a certificate that tls.ca has signed); verify-full (and with their user's name as its common name).", WORD(tls.client, parse_client_tls)},
    key{"tls.certificate", "PEM file with Lockkeeper's certificate and those behind it. All TLS files are read again on SIGHUP.", TEXT(tls.certificate)},
    key{"tls.key", "PEM file with its private key, without a passphrase.", TEXT(tls.key)},
    key{"tls.ca", "PEM file with the certificates of those who sign the certificates of clients.", TEXT(tls.ca)},
    key{"tls.min_version", "TLSv1.2 or TLSv1.3, with clients and with the server.", WORD(tls.min_version, parse_tls_version)},
    key{"tls.without_channel_binding", "true: TLS on both connections may use different certificates. Under auth.mode: pass libpq logs in with SCRAM then only with channel_binding=disable.",
        BOOL(tls.without_channel_binding)},
    key{"auth.mode", "Who verifies clients. pass: the server; what it asks and what they answer passes through. scram: Lockkeeper, by SCRAM-SHA-256, channel binding included whatever the certificates; it then logs in to the server with the key that the client's proof reveals. The server must have the same secret for the user, and no password is kept.", WORD(auth.mode, parse_auth_mode), AT_RESTART(auth.mode)},
    key{"auth.file", "For scram: the users, in the format of PgBouncer's auth_file: \"user\" \"SCRAM-SHA-256$...\", as rolpassword of pg_authid has it. Read again when it has changed.", TEXT(auth.file), AT_RESTART(auth.file)},
    key{"auth.query", "For scram: asked for a user that auth.file does not have, such as SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1 AND rolcanlogin. It returns the user and the secret, and is asked at each login.", TEXT(auth.query), AT_RESTART(auth.query)},
    key{"auth.dsn", "Where it is asked, as libpq takes it: the server itself, not Lockkeeper. A password is better kept in a passfile; it is not printed.",
        [](settings& s, const std::string& t) { s.auth.dsn = parse_text(t); },
        [](const settings& s) { return print_text(without_password(s.auth.dsn)); }, AT_RESTART(auth.dsn)},
    key{"upstream.host", "The PostgreSQL server: a name, an address, or a path that starts with / and names a directory of Unix sockets. Several, each with its port if it differs, are tried in turn: db1,db2:5433. Without this key: PGHOST.",
        read_host, [](const settings& s) { return print_text(s.upstream.host); }, AT_RESTART(upstream.host)},
    key{"upstream.port", "Its port, 1 to 65535. Without this key: PGPORT.", COUNT(upstream.port, 1, 65535), AT_RESTART(upstream.port)},
    key{"upstream.target_session_attrs", "Which of several servers will do, by what they report (PostgreSQL 14 and later): any, read-write, read-only, primary or standby.", WORD(upstream.target_session_attrs, parse_session_attrs)},
    key{"upstream.connect_timeout", "How long connecting to one of its addresses may take, TLS included, and before it the answer of a name server; at least 1ms.", DURATION(upstream.connect_timeout, 1ms)},
    key{"upstream.tls", "TLS with the server, as libpq's sslmode: disable, prefer, require, verify-ca or verify-full. Never on a Unix socket.", WORD(upstream.tls, parse_server_tls)},
    key{"upstream.tls_ca", "PEM file with the certificates of those who sign the server's; system: the operating system's.", TEXT(upstream.tls_ca)},
    key{"upstream.tls_certificate", "PEM file with the certificate that Lockkeeper shows to the server. Empty: none.", TEXT(upstream.tls_certificate)},
    key{"upstream.tls_key", "PEM file with its private key, without a passphrase.", TEXT(upstream.tls_key)},
    key{"workers", "Threads that carry sessions, up to 64. 0: one for two cores, at most 4; more wake up more often for less (16 clients on 2 cores: a fifth more CPU time).", COUNT(workers, 0, 64), AT_RESTART(workers)},
    key{"io_uring", "Whether what many sessions receive, and what they are sent, goes in one system call (io_uring): true or false. Where that is not allowed, as in most containers, the log says so: more CPU time is needed, and nothing else changes.",
        BOOL(io_uring), AT_RESTART(io_uring)},
    key{"mode", "observe: decide and audit, change nothing. guard: timeouts and warnings too. enforce: rewrite and refuse too.", WORD(mode, parse_mode), SCOPED(mode)},
    key{"small_table", "Work on a table smaller than this (pg_table_size) is no hazard.", SIZE(small_table, 0, largest_size), SCOPED(small_table)},
    key{"unparseable", "What becomes of DDL that the parser does not know: guard (timeouts and a warning) or reject.", WORD(unparseable, parse_unparseable), SCOPED(unparseable)},
    key{"transactions", "What becomes of a statement in a transaction block whose safe way cannot run in one, such as CREATE INDEX. reject: it is refused. defer: what can wait for the COMMIT, indexes and the validation of constraints, is done right after it and before it is answered, and stands in the ledger until then, so that nothing is lost with Lockkeeper or the server; the rest is refused. split: the transaction is committed before it and a new one begun after it, which gives up that all of it can be rolled back.",
        WORD(transactions, parse_transactions), SCOPED(transactions)},
    key{"ledger", "Where it is written down what is put off until the COMMIT. table: in lockkeeper.pending, by the client's own transaction; a row goes when its work is done, so that `lockkeeper resume` can finish what was lost with Lockkeeper or the server. Made where it is missing and the role has CREATE on the database; a statement that would need it and cannot have it is refused. none: nowhere but in the audit log.",
        WORD(ledger, parse_ledger), SCOPED(ledger)},
    key{"timeouts.lock", "lock_timeout around a statement that takes a lock which stops reads or writes. 0: none. A client's own, stricter one stands.", DURATION(timeouts.lock, 0ms), SCOPED(timeouts.lock)},
    key{"timeouts.statement", "statement_timeout around such a statement. 0: none. A client's own, stricter one stands.", DURATION(timeouts.statement, 0ms), SCOPED(timeouts.statement)},
    key{"timeouts.online_lock", "lock_timeout around CONCURRENTLY and VALIDATE. 0: none, for waiting until old snapshots are gone counts as a lock wait.", DURATION(timeouts.online_lock, 0ms), SCOPED(timeouts.online_lock)},
    key{"timeouts.online_statement", "statement_timeout around CONCURRENTLY and VALIDATE. 0: none.", DURATION(timeouts.online_statement, 0ms), SCOPED(timeouts.online_statement)},
    key{"timeouts.catalog", "For how long the catalog is asked about what a statement would do, and may keep it waiting (VACUUM FULL pg_class). Then the statement is refused in mode enforce (LK004); in guard and observe it goes on, judged by its words alone. 0: no limit.", DURATION(timeouts.catalog, 0ms), SCOPED(timeouts.catalog)},
    key{"locks.budget", "For how long a lock that stops reads or writes is tried for, in short attempts, without queueing behind old transactions. 0: one attempt.", DURATION(locks.budget, 0ms), SCOPED(locks.budget)},
    key{"locks.max_hold", "For how long a transaction may go on, or idle, once it holds a strong lock; then it is cancelled with LK003. 0: no limit.", DURATION(locks.max_hold, 0ms), SCOPED(locks.max_hold)},
    key{"locks.old_after", "A transaction older than this is waited for before the lock is asked for.", DURATION(locks.old_after, 0ms), SCOPED(locks.old_after)},
    key{"locks.serialize", "Whether only one session at a time changes the schema of a database, or takes a strong lock in it: true or false. It holds the advisory lock (1819239275, -1) of that database from its first such statement to the end of its transaction and of what was put off until then; the others wait for locks.budget, through any number of Lockkeepers, and judge their statement anew when it is their turn. Who takes that lock by hand holds all of them off.",
        BOOL(locks.serialize), SCOPED(locks.serialize)},
    key{"locks.max_queue", "An attempt to take a strong lock is given up, and made again later, when more sessions than this queue behind it, up to 1000000. 0: no limit but timeouts.lock. It is for the observer to see (observer.dsn), at each observer.interval; where there is one attempt only (locks.budget: 0, or a transaction that has a strong lock already) nothing is given up.", COUNT(locks.max_queue, 0, 1'000'000), SCOPED(locks.max_queue)},
    key{"locks.terminate_blockers", "A session that has been idle in its transaction for longer than this, while a schema change waits for a lock of it, is ended with pg_terminate_backend; at least 1s. 0: never. Superusers, replication and whoever changes the schema himself are let be. It is for the observer to do (observer.dsn), whose role needs pg_signal_backend, and stands in the audit log.",
        read_terminate_blockers, [](const settings& s) { return print_duration(s.locks.terminate_blockers); }, SCOPED(locks.terminate_blockers)},
    key{"locks.terminate_blockers_user", "Whose sessions: names divided by commas, with * for any characters.", TEXT(locks.terminate_blockers_user), SCOPED(locks.terminate_blockers_user)},
    key{"locks.terminate_blockers_application", "Those with which application_name: patterns likewise. Both must fit.", TEXT(locks.terminate_blockers_application), SCOPED(locks.terminate_blockers_application)},
    key{"limits.clients", "Connections at a time, 1 to 1000000; one more is answered with SQLSTATE 53300.", COUNT(limits.clients, 1, 1'000'000)},
    key{"limits.clients_per_user", "Of them, sessions of one user, up to 1000000. 0: no limit of its own.", COUNT(limits.clients_per_user, 0, 1'000'000)},
    key{"limits.clients_per_database", "Of them, sessions in one database, up to 1000000. 0: no limit of its own.", COUNT(limits.clients_per_database, 0, 1'000'000)},
    key{"limits.statement", "The longest Query or Parse that is held to be judged, 1KiB to 1GiB. A longer one passes in pieces as long as it shows nothing that needs judging; otherwise it is refused (LK004).", SIZE(limits.statement, 1u << 10, 1u << 30)},
    key{"limits.held", "Bytes of long messages that all sessions together hold to judge them, each counted from 16KiB on; at least limits.statement. 0: no limit. A message that there is no room for passes in pieces, as one that is too long does, or is refused (53400). What shows at its beginning that it may change the schema may use all of the room, the rest half of it.", SIZE(limits.held, 0, largest_size)},
    key{"limits.startup", "How long a client may take from connecting to its first ReadyForQuery; at least 1ms.", DURATION(limits.startup, 1ms)},
    key{"overrides.users", "Who may set a rule aside by a comment: names divided by commas, with * for any characters. Empty: nobody.",
        TEXT(overrides.users), SCOPED(overrides.users)},
    key{"audit.file", "The audit log: one JSON object a line, appended. Empty: no file.", TEXT(audit.file), AT_RESTART(audit.file)},
    key{"audit.stdout", "Whether the audit log goes to standard output too: true or false.",
        BOOL(audit.to_stdout), AT_RESTART(audit.to_stdout)},
    key{"audit.syslog", "The socket of a syslog daemon that the audit log goes to as well, such as /dev/log: facility authpriv, severity info. A record that is too long for a datagram arrives cut. Empty: none.", TEXT(audit.syslog), AT_RESTART(audit.syslog)},
    key{"audit.rotate_size", "Before audit.file grows beyond this it is moved away, to its name with the time behind it, and a new one is begun. 0: never. On SIGHUP it is opened anew, as it is when somebody else (logrotate) has moved it away.", SIZE(audit.rotate_size, 0, largest_size), AT_RESTART(audit.rotate_size)},
    key{"audit.rotate_every", "The same with the first record of each such span of time, counted from 1970-01-01 UTC: with 24h at midnight UTC. 0: never.", DURATION(audit.rotate_every, 0ms), AT_RESTART(audit.rotate_every)},
    key{"audit.keep", "How many files that Lockkeeper has moved away are kept, up to 1000000; older ones are deleted, which the log says. 0: all.", COUNT(audit.keep, 0, 1'000'000), AT_RESTART(audit.keep)},
    key{"audit.on_failure", "What becomes of schema changes while the audit log cannot be written (a full disk). refuse: in mode enforce they are refused with LK005 until it can. continue: they go on; 16 MiB of records are kept meanwhile, and of the rest the log has the number.", WORD(audit.on_failure, parse_audit_failure), AT_RESTART(audit.on_failure)},
    key{"admin.listen", "Where HTTP for health checks, metrics and the admin page is served: host:port, as for listen. The default is what the other containers of a pod reach and nobody else; probes of Kubernetes need 0.0.0.0:9432. Who comes from elsewhere sees health and metrics only, unless there is an admin.token. While the address is taken, as by the copy of Lockkeeper that this one replaces, it is tried again each second. '': none.", read_admin_listen, print_admin_listen, AT_RESTART(admin.listen)},
    key{"admin.token", "File with a token of at least 16 characters. All but health then needs it, from everywhere: as `Authorization: Bearer` or as the password of any user. Read again on SIGHUP.", TEXT(admin.token), AT_RESTART(admin.token)},
    key{"admin.tls_certificate", "PEM file with a certificate and those behind it: HTTPS in place of HTTP. Read again on SIGHUP.", TEXT(admin.tls_certificate), AT_RESTART(admin.tls_certificate)},
    key{"admin.tls_key", "PEM file with its private key, without a passphrase.", TEXT(admin.tls_key), AT_RESTART(admin.tls_key)},
    key{"drain.delay", "After SIGTERM: how long clients are still let in while readiness (/readyz) is denied already, for a load balancer to notice.", DURATION(drain.delay, 0ms)},
    key{"drain.grace", "How long sessions that are at work may take after that. Those that have been idle for a second outside a transaction end, with SQLSTATE 57P01; in the second half of it each ends behind its transaction, and in the last quarter schema changes are canceled and taken back. A second signal ends all now.", DURATION(drain.grace, 0ms)},
    key{"observer.dsn", "A connection of Lockkeeper's own to the server, as libpq takes it, on which it is looked at what schema changes wait for while they wait or run: who blocks them, how many sessions queue behind, how far the server is. It looks only then, reads only, and nothing depends on it but locks.max_queue and locks.terminate_blockers. The role needs pg_monitor to see what other users do; the database may be any. A password is better kept in a passfile; it is not printed. Empty: none.",
        [](settings& s, const std::string& t) { s.observer.dsn = parse_text(t); },
        [](const settings& s) { return print_text(without_password(s.observer.dsn)); }},
    key{"observer.interval", "How long from one look to the next, and from the beginning of a schema change to the first: what is done sooner is not looked at. At least 10ms.", DURATION(observer.interval, 10ms)},
    key{"log.level", "What the log on standard error tells: trace, debug, info, warn, error or off. It never holds SQL.",
        [](settings& s, const std::string& t) { s.log.level = parse_level(t); },
        [](const settings& s) { return s.log.level; }},
};

}  // namespace

std::span<const key> keys() { return list; }

std::vector<std::string_view> keep_until_restart(settings& read, const settings& running) {
    std::vector<std::string_view> kept;
    for (const auto& k : list) {
        if (k.keep == nullptr || k.write(read) == k.write(running)) continue;
        k.keep(read, running);
        kept.push_back(k.path);
    }
    return kept;
}

void apply(const scope& from, scoped_settings& to) {
    for (const auto* k : from.says) k->copy(to, from.differs);
    for (const auto& [id, what] : from.differs.rules) to.rules[id] = what;
    for (const auto& [id, way] : from.differs.rule_transactions) to.rule_transactions[id] = way;
}

}  // namespace config
