#pragma once

namespace policy {

// Which timeouts a statement runs under (design section 6).
enum class timeout_class {
    none,      // takes no lock that matters on a relation that others see: timeouts are left alone
    online,    // SHARE UPDATE EXCLUSIVE and the CONCURRENTLY family
    blocking,  // SHARE and above on a visible relation
};

}  // namespace policy
