#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "policy/decision.hpp"

// The sentences that findings share.
namespace policy {

// "1.2 GB", "340 kB"; "size unknown".
std::string size_text(std::optional<std::uint64_t> bytes);

// "It would take a SHARE lock on public.orders (1.2 GB), under which every write waits, and build an index meanwhile."
std::string effect_text(const relation_effect& effect);

}  // namespace policy
