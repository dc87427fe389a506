#pragma once

#include "policy/facts.hpp"

namespace proxy {

// What time it is, and how far from UTC the zone is that TZ names (tzset(3)): for scopes with hours.
policy::moment wall_clock();

}  // namespace proxy
