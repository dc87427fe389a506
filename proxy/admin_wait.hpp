#pragma once

#include <chrono>
#include <string>

#include "config/settings.hpp"

namespace proxy {

struct wait_options {
    std::string what = "ready";     // or "stopped"
    std::string timeout = "1min";
};

// `lockkeeper wait`: until the Lockkeeper of these settings takes clients, or nobody listens at admin.listen any more. Returns
// the exit status: 0 so it is, 1 it was not so in time, 3 nothing answered there in time.
int wait(const wait_options& options, const config::admin& at);

}  // namespace proxy
