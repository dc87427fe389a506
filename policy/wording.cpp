#include "policy/wording.hpp"

#include <array>
#include <cstdio>

namespace policy {
namespace {

std::string_view who_waits(lock_mode lock) noexcept {
    if (lock == lock_mode::access_exclusive) return ", under which every read and write waits";
    if (lock >= lock_mode::share) return ", under which every write waits";
    return "";
}

std::string_view meanwhile(work w) noexcept {
    switch (w) {
    case work::none: return "";
    case work::scan: return ", and read the whole table meanwhile";
    case work::index_build: return ", and build an index meanwhile";
    case work::rewrite: return ", and write the whole table anew meanwhile";
    }
    return "";
}

}  // namespace

std::string size_text(std::optional<std::uint64_t> bytes) {
    if (!bytes) return "size unknown";
    static constexpr std::array units{"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    auto value = static_cast<double>(*bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
    std::array<char, 32> out{};
    std::snprintf(out.data(), out.size(), unit > 0 && value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
    return out.data();
}

std::string effect_text(const relation_effect& effect) {
    std::string out = effect.lock == lock_mode::access_exclusive || effect.lock == lock_mode::exclusive ||
                              effect.lock == lock_mode::access_share
                          ? "It would take an "
                          : "It would take a ";
    out += name(effect.lock);
    out += " lock on " + effect.relation + " (" + size_text(effect.size) + ")";
    out += who_waits(effect.lock);
    out += meanwhile(effect.work);
    return out + '.';
}

}  // namespace policy
