#pragma once

#include <cstdint>

// What the system says of this process, now.
namespace proxy::process {

double cpu_seconds();
std::uint64_t resident_bytes();
std::uint64_t open_descriptors();
std::uint64_t most_descriptors();

}  // namespace proxy::process
