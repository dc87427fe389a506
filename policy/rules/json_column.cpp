#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool is_meant(const column_words& column) noexcept {
    const auto& t = column.type_parts.name;
    return t == "json";
}

std::optional<hazard> check(const context& c) {
    const auto* column = defined_column(c, is_meant);
    if (!column) return std::nullopt;
    return described("column " + readable(column->name) + " is json, which cannot be compared or indexed", c);
}

}  // namespace

extern const rule json_column;
constinit const rule json_column{
    .text =
        {
            .id = "json-column",
            .family = family::advice,
            .summary = "A column of type json",
            .fires_when = "CREATE TABLE or ADD COLUMN with a column of the type",
            .harm = "json has no equality operator: SELECT DISTINCT, UNION and GROUP BY on a query with the column "
                    "fail, and no index serves searches in it.",
            .remedy = "Use jsonb.",
            .before = "ALTER TABLE orders ADD COLUMN details json",
            .after = "ALTER TABLE orders ADD COLUMN details jsonb",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
