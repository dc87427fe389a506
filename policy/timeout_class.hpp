#pragma once

#include <string_view>

namespace policy {

// Which timeouts a statement runs under (design section 6).
enum class timeout_class {
    none,      // takes no lock that matters on a relation that others see: timeouts are left alone
    online,    // SHARE UPDATE EXCLUSIVE and the CONCURRENTLY family
    blocking,  // SHARE and above on a visible relation
};

// The word of the audit log, of `check` and of lockkeeper.pending.
constexpr std::string_view name(timeout_class c) noexcept {
    switch (c) {
    case timeout_class::none: return "none";
    case timeout_class::online: return "online";
    case timeout_class::blocking: return "blocking";
    }
    return {};
}

}  // namespace policy
