#include "config/keys.hpp"

#include <array>
#include <stdexcept>

#include "config/load.hpp"
#include "config/values.hpp"

namespace config {
namespace {

using namespace std::string_literals;

std::uint16_t parse_port(const std::string& text) { return static_cast<std::uint16_t>(parse_count(text, 0, 65535)); }

std::string print_endpoint(const endpoint& e) {
    const bool literal6 = e.host.find(':') != std::string::npos;
    return "'" + (literal6 ? "[" + e.host + "]" : e.host) + ":" + std::to_string(e.port) + "'";
}

std::string parse_level(const std::string& text) {
    for (const auto* level : {"trace", "debug", "info", "warn", "error", "off"})
        if (text == level) return text;
    throw std::invalid_argument("expected one of trace, debug, info, warn, error, off, not '" + text + "'");
}

#define DURATION(field) \
    [](settings& s, const std::string& t) { s.field = parse_duration(t); }, [](const settings& s) { return print_duration(s.field); }
#define SIZE(field) \
    [](settings& s, const std::string& t) { s.field = parse_size(t); }, [](const settings& s) { return print_size(s.field); }
#define COUNT(field, least, most)                                                                                   \
    [](settings& s, const std::string& t) { s.field = static_cast<decltype(s.field)>(parse_count(t, least, most)); }, \
        [](const settings& s) { return std::to_string(s.field); }
#define TEXT(field) \
    [](settings& s, const std::string& t) { s.field = t; }, [](const settings& s) { return "'" + s.field + "'"; }
#define WORD(field, parse) \
    [](settings& s, const std::string& t) { s.field = parse(t); }, [](const settings& s) { return print(s.field); }

constexpr std::array list{
    key{"listen", "where clients connect: host:port; * is every address",
        [](settings& s, const std::string& t) { s.listen = parse_endpoint(t); },
        [](const settings& s) { return print_endpoint(s.listen); }},
    key{"upstream.host", "the PostgreSQL server; a path that starts with / names a directory of Unix sockets", TEXT(upstream.host)},
    key{"upstream.port", "its port", [](settings& s, const std::string& t) { s.upstream.port = parse_port(t); },
        [](const settings& s) { return std::to_string(s.upstream.port); }},
    key{"upstream.connect_timeout", "how long a connection to it may take, over all its addresses", DURATION(upstream.connect_timeout)},
    key{"workers", "threads that carry sessions; 0: one per core, at most 4", COUNT(workers, 0, 64)},
    key{"mode", "observe: decide and audit only; guard: timeouts and warnings; enforce: rewrite and refuse too", WORD(mode, parse_mode)},
    key{"small_table", "work on a table below this size (pg_table_size) is no hazard", SIZE(small_table)},
    key{"unparseable", "DDL that cannot be parsed: guard (timeouts, and a warning) or reject", WORD(unparseable, parse_unparseable)},
    key{"timeouts.lock", "lock_timeout around a blocking statement; 0: none", DURATION(timeouts.lock)},
    key{"timeouts.statement", "statement_timeout around a blocking statement; 0: none", DURATION(timeouts.statement)},
    key{"timeouts.online_lock", "lock_timeout around CONCURRENTLY and VALIDATE; their wait for old snapshots counts", DURATION(timeouts.online_lock)},
    key{"timeouts.online_statement", "statement_timeout around CONCURRENTLY and VALIDATE", DURATION(timeouts.online_statement)},
    key{"locks.budget", "for how long a strong lock is tried for, without queueing behind old transactions; 0: one attempt", DURATION(locks.budget)},
    key{"locks.old_after", "a transaction older than this is waited for before the lock is asked for", DURATION(locks.old_after)},
    key{"limits.clients", "connections at a time; one more is answered 53300", COUNT(limits.clients, 1, 1'000'000)},
    key{"limits.statement", "longest text that is judged; a longer one that may be DDL is refused", SIZE(limits.statement)},
    key{"limits.startup", "from connecting to the first ReadyForQuery", DURATION(limits.startup)},
    key{"audit.file", "audit log: JSON lines, appended; empty: no file", TEXT(audit.file)},
    key{"audit.stdout", "audit log on standard output too",
        [](settings& s, const std::string& t) { s.audit.to_stdout = parse_bool(t); },
        [](const settings& s) { return s.audit.to_stdout ? "true"s : "false"s; }},
    key{"log.level", "trace, debug, info, warn, error or off; never holds SQL",
        [](settings& s, const std::string& t) { s.log.level = parse_level(t); },
        [](const settings& s) { return s.log.level; }},
};

}  // namespace

std::span<const key> keys() { return list; }

}  // namespace config
