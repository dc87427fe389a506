#pragma once

#include "config/settings.hpp"

namespace proxy {

// Serves until SIGTERM or SIGINT. Returns the exit status: 0 after such a signal, 2 where it could not start (one
// line in the log says why).
int serve(const config::settings& settings);

}  // namespace proxy
