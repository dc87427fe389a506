#include "policy/statement.hpp"

#include <algorithm>

namespace policy {

bool harmless(const statement& s) noexcept {
    if (const auto* q = std::get_if<query>(&s.what))
        return std::all_of(q->writes.begin(), q->writes.end(), [](const row_write& w) { return w.has_where; });
    if (const auto* b = std::get_if<block>(&s.what)) return std::all_of(b->body.begin(), b->body.end(), harmless);
    return std::holds_alternative<let_through>(s.what) || std::holds_alternative<transaction_control>(s.what) ||
           std::holds_alternative<setting_change>(s.what);
}

}  // namespace policy
