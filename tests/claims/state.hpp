#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "outcome.hpp"
#include "policy/live/server.hpp"

namespace claims {

// One of the user's relations as it stands.
struct relation_state {
    std::string name;
    char kind = 'r';
    std::string storage;    // relfilenode; empty: none
    double pages = 0, rows = 0;
    std::string table;      // of an index: oid of the table
    double size = 0;        // bytes
};

// Scans, rows and pages that were read, by the server's own statistics.
struct counts {
    double scans = 0, rows = 0, blocks = 0;
};

struct state {
    std::map<std::string, relation_state> relations;  // by oid
    std::map<std::string, counts> read;
};

// `own`: what the session's own transaction read so far; otherwise what is on record of everybody.
state look(live::session& s, bool own);

// The strongest lock of one backend on each relation.
class lock_log {
public:
    // Asks for what the backend holds or waits for now; true where it waits.
    bool sample(live::session& observer, int pid);
    void write(const state& before, outcome& out) const;

private:
    std::map<std::string, policy::lock_mode> strongest_;
};

// What happened between the two.
void compare(const state& before, const state& after, outcome& out);

}  // namespace claims
