#pragma once

#include "config/settings.hpp"

namespace proxy {

// The log goes to standard error, one line a message; SQL never stands in it.
void start_log(const config::log& settings);
// Of the log that runs.
void set_log_level(const config::log& settings);

}  // namespace proxy
