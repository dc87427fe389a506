#include "proxy/wall_clock.hpp"

#include <ctime>

namespace proxy {

policy::moment wall_clock() {
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    const bool known = ::localtime_r(&now, &local) != nullptr;
    return {std::chrono::seconds(now), std::chrono::seconds(known ? local.tm_gmtoff : 0)};
}

}  // namespace proxy
