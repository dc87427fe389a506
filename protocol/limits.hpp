#pragma once
#include <cstdint>
namespace protocol {
constexpr std::uint32_t longest_large = 0x3fffffff;
constexpr std::uint32_t longest_backend = 0x7fffffff;
constexpr std::uint32_t longest_frontend(char tag) noexcept {
    switch (tag) { case 'Q': case 'P': case 'B': case 'd': case 'F': return longest_large; case 'p': return 65535; default: return 10000; }
}
}
