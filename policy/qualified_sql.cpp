#include "policy/qualified_sql.hpp"

#include <algorithm>
#include <array>

namespace policy {

std::string with_qualified_operators(std::string_view sql) {
    static constexpr std::array<std::string_view, 7> operators{" = ", " <> ", " >= ", " > ", " < ", " + ", " - "};
    std::string out;
    for (std::size_t at = 0; at < sql.size();) {
        if (sql[at] == '\'' || sql[at] == '"') {  // a constant or a name: a doubled quote begins another one
            const auto end = std::min(sql.find(sql[at], at + 1), sql.size() - 1) + 1;
            out += sql.substr(at, end - at);
            at = end;
            continue;
        }
        const auto found = std::find_if(operators.begin(), operators.end(),
                                        [&](std::string_view op) { return sql.substr(at).starts_with(op); });
        if (found == operators.end()) {
            out += sql[at++];
            continue;
        }
        out += " OPERATOR(pg_catalog.";
        out += found->substr(1, found->size() - 2);
        out += ") ";
        at += found->size();
    }
    return out;
}

catalog_query our_query(std::string_view sql, std::vector<std::optional<std::string>> parameters) {
    return {"/* lockkeeper */ " + with_qualified_operators(sql), std::move(parameters)};
}

}  // namespace policy
