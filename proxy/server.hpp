#pragma once

#include <functional>

#include "config/settings.hpp"

namespace proxy {

// Reads the configuration, now and again on SIGHUP. Throws config::error.
using settings_source = std::function<config::settings()>;

// Serves until SIGTERM or SIGINT. Returns the exit status: 0 after such a signal, 2 where it could not start (one
// line in the log says why). Throws config::error.
int serve(settings_source read);

}  // namespace proxy
