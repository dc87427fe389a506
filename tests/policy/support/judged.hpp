#pragma once

#include <string>
#include <string_view>

#include "policy/judge.hpp"

// Judges SQL without a server: by its text alone, or with one table's facts made up.
namespace policy_test {

struct table {
    std::string name = "orders";
    std::string size = "1000000000";
    std::string kind = "r";
    std::string persistence = "p";
    bool created_here = false;
    bool exists = true;
};

// The rows that read_catalog.cpp reads: the name, and where there is such a relation, what it is.
inline policy::catalog_rows answer(const table& t) {
    using text = std::optional<std::string>;
    if (!t.exists) return {{text("name"), text(""), text(t.name), {}, {}}};
    return {{text("name"), text(""), text(t.name), text("16384"), {}},
            {text("relation"), text("16384"), text("public"), text(t.name), text(t.kind), text(t.persistence),
             text(t.created_here ? "t" : "f"), t.size.empty() ? text() : text(t.size)}};
}

inline policy::decision judged(std::string_view sql, const policy::session_facts& session = {},
                               const config::settings& settings = {}) {
    return policy::judge(policy::read_script(sql, {}), session, {}, settings);
}

inline policy::decision judged(std::string_view sql, const table& t, const policy::session_facts& session = {},
                               const config::settings& settings = {}) {
    const std::vector<policy::catalog_rows> answers{answer(t)};
    return policy::judge(policy::read_script(sql, {}), session, answers, settings);
}

inline policy::session_facts in_transaction() {
    policy::session_facts s;
    s.in_transaction = true;
    return s;
}

inline std::string rule_of(const policy::decision& d) {
    const auto* f = policy::leading_finding(d);
    return f ? f->rule : "";
}

}  // namespace policy_test
