#include "policy/duration.hpp"

#include <array>
#include <cmath>
#include <cstdlib>
#include <string>

namespace policy {

std::optional<std::chrono::milliseconds> timeout_value(std::string_view text) {
    struct unit {
        std::string_view name;
        double milliseconds;
    };
    static constexpr std::array units{unit{"", 1},       unit{"ms", 1},        unit{"s", 1000},       unit{"us", 0.001},
                                      unit{"min", 60'000}, unit{"h", 3'600'000}, unit{"d", 86'400'000}};
    const std::string copy(text);
    char* end = nullptr;
    const double number = std::strtod(copy.c_str(), &end);
    if (end == copy.c_str() || !std::isfinite(number) || number < 0 || number > 2147483647.0) return std::nullopt;
    std::string_view rest(end);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    while (rest.ends_with(' ')) rest.remove_suffix(1);
    for (const auto& u : units)
        if (rest == u.name) return std::chrono::milliseconds(std::llround(number * u.milliseconds));
    return std::nullopt;
}

}  // namespace policy
