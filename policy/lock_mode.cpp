#include "policy/lock_mode.hpp"

#include <array>
#include <cstdint>

namespace policy {
namespace {

constexpr std::size_t modes = 9;

constexpr std::size_t at(lock_mode mode) noexcept { return static_cast<std::size_t>(mode); }

constexpr std::uint16_t bits(std::initializer_list<lock_mode> list) noexcept {
    unsigned all = 0;
    for (auto mode : list) all |= 1u << at(mode);
    return static_cast<std::uint16_t>(all);
}

// PostgreSQL manual, 13.3.1, "Conflicting Lock Modes": the row's mode conflicts with these.
constexpr std::array<std::uint16_t, modes> conflicting = [] {
    using enum lock_mode;
    return std::array<std::uint16_t, modes>{
        bits({}),
        bits({access_exclusive}),
        bits({exclusive, access_exclusive}),
        bits({share, share_row_exclusive, exclusive, access_exclusive}),
        bits({share_update_exclusive, share, share_row_exclusive, exclusive, access_exclusive}),
        bits({row_exclusive, share_update_exclusive, share_row_exclusive, exclusive, access_exclusive}),
        bits({row_exclusive, share_update_exclusive, share, share_row_exclusive, exclusive, access_exclusive}),
        bits({row_share, row_exclusive, share_update_exclusive, share, share_row_exclusive, exclusive, access_exclusive}),
        bits({access_share, row_share, row_exclusive, share_update_exclusive, share, share_row_exclusive, exclusive,
              access_exclusive}),
    };
}();

}  // namespace

std::string_view name(lock_mode mode) noexcept {
    static constexpr std::array<std::string_view, modes> names{
        "", "ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE",
        "EXCLUSIVE", "ACCESS EXCLUSIVE"};
    return names[at(mode)];
}

bool conflicts(lock_mode a, lock_mode b) noexcept { return (conflicting[at(a)] >> at(b) & 1u) != 0; }

}  // namespace policy
