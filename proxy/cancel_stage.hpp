#pragma once

#include <cstdint>

namespace proxy {

// How far a CancelRequest has come: a client has sent it; the server has sent the signal.
enum class cancel_stage : std::uint8_t { come, sent };

}  // namespace proxy
