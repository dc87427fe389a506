#pragma once

#include <chrono>
#include <optional>
#include <string_view>
#include <vector>

// What systemd tells a service by its environment, and what the service tells back (sd_listen_fds(3), sd_notify(3)). Without
// systemd nothing happens here.
namespace proxy::systemd {

// Listening sockets that were opened for us, close-on-exec and non-blocking; the receiver owns them. Only the first call
// finds them.
std::vector<int> sockets();

// "READY=1", "RELOADING=1", "STOPPING=1", "WATCHDOG=1", "STATUS=..."; several with a line feed between them.
void notify(std::string_view state) noexcept;

// How often a sign of life is asked for: half of WATCHDOG_USEC. Nullopt: not at all.
std::optional<std::chrono::microseconds> watchdog();

}  // namespace proxy::systemd
