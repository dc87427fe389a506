#include "proxy/kept_statements.hpp"

#include <utility>

#include "policy/quote.hpp"

namespace proxy {

std::string server_name(std::string_view kept_as) { return "_lockkeeper_" + std::string(kept_as); }

kept_statements::texts kept_statements::take(std::vector<policy::catalog_query>& queries) {
    texts there;
    for (auto& query : queries) {
        if (query.kept_as.empty()) continue;
        auto& known = questions_[query.kept_as];
        if (known.asked < asked_before) {
            ++known.asked;
            query.kept_as = {};
        } else if (std::exchange(known.there, true)) {
            there.emplace(server_name(query.kept_as), std::exchange(query.sql, {}));
        }
    }
    if (there.empty()) return there;
    std::vector<std::string> names;
    for (const auto& [name, text] : there) names.push_back(name);
    queries.insert(queries.begin(), {"/* lockkeeper */ SELECT p.name, p.statement FROM pg_catalog.pg_prepared_statements AS p "
                                     "WHERE p.name OPERATOR(pg_catalog.=) ANY ($1::pg_catalog.text[])",
                                     {policy::array_literal(names)}});
    return there;
}

bool kept_statements::proven(const texts& expected, const policy::catalog_rows& rows) {
    texts found;
    for (const auto& row : rows)
        if (row.size() == 2 && row[0] && row[1]) found.emplace(*row[0], *row[1]);
    return found == expected;
}

void kept_statements::doubt() noexcept {
    for (auto& [name, known] : questions_) known.there = false;
}

}  // namespace proxy
