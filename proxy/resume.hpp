#pragma once

#include <optional>
#include <string>

#include "config/settings.hpp"

// `lockkeeper pending`, `lockkeeper resume` and `lockkeeper ledger create`: what is left in lockkeeper.pending.
namespace proxy {

struct ledger_options {
    std::string dsn;
    bool json = false;     // pending
    bool dry_run = false;  // resume
    int id = 0;            // resume: of one row; 0: all
};

// Exit status: 0 nothing is (or is left) pending, 1 something is, 2 the table cannot be used, 3 could not connect.
int show_pending(const ledger_options& options);
int resume(const ledger_options& options, const config::settings& settings);
int create_ledger(const ledger_options& options);

}  // namespace proxy
