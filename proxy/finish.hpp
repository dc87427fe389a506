#pragma once

#include <string>

#include "config/settings.hpp"

// `lockkeeper finish`: what a rewritten statement has left for the old version of the application, and what goes when
// nobody needs it any more. That is the views that stand in for renamed tables.
namespace proxy {

struct finish_options {
    std::string dsn;
    bool dry_run = false;  // only list it
};

// Exit status: 0 nothing is left, 1 something is, 2 it cannot be told what, 3 could not connect.
int finish(const finish_options& options, const config::settings& settings);

}  // namespace proxy
