#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

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

struct endpoint {
    std::string host;
    std::uint16_t port;
};

// `timeouts:` the values put around a statement, by its class (design section 6). Zero: no limit.
struct timeouts {
    std::chrono::milliseconds lock{500};
    std::chrono::milliseconds statement{5000};
    std::chrono::milliseconds online_lock{0};
    std::chrono::milliseconds online_statement{0};
};

// `locks:` how a statement that needs a strong lock waits for it without holding up everybody else.
struct locks {
    std::chrono::milliseconds budget{0};      // for looking, waiting and trying, in all; zero: one attempt, no look
    std::chrono::milliseconds old_after{100}; // a holder whose transaction is older than this is waited for without queueing
};

// `limits:` what one client may make us hold.
struct limits {
    std::size_t clients = 10'000;           // connections at a time, over all workers
    std::size_t statement = 16u << 20;      // bytes of one Query or Parse that must be judged
    std::chrono::milliseconds startup{60'000};  // from accept to the first ReadyForQuery
};

// `overrides:` comments that set a rule aside for one statement.
struct overrides {
    std::string users = "*";  // who may: names divided by commas, * stands for any characters; empty: nobody
};

struct upstream {
    std::string host = "127.0.0.1";         // a path that starts with '/' names a directory of Unix sockets
    std::uint16_t port = 5432;
    std::chrono::milliseconds connect_timeout{10'000};
};

struct audit {
    std::string file;       // empty: no file
    bool to_stdout = false;
};

struct log {
    std::string level = "info";  // trace, debug, info, warn, error, off
};

// Everything that can be configured, at its default. The YAML side (names, units, meanings) is the
// list in config/keys.cpp; tests/config/example_test.cpp holds config/example.yaml, that list and this together.
struct settings {
    endpoint listen{"127.0.0.1", 6432};
    config::upstream upstream;
    unsigned workers = 0;                   // 0: one per core, at most 4
    config::mode mode = mode::enforce;
    std::uint64_t small_table = 8u << 20;   // bytes by pg_table_size; work on a smaller table is not a hazard
    config::timeouts timeouts;
    config::locks locks;
    config::limits limits;
    config::unparseable unparseable = unparseable::guard;
    std::map<std::string, action> rules;    // rule id -> action, where it differs from the rule's own default
    config::overrides overrides;
    config::audit audit;
    config::log log;
};

}  // namespace config
