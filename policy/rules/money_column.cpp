#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool is_meant(const column_words& column) noexcept {
    const auto& t = column.type_parts.name;
    return t == "money";
}

std::optional<hazard> check(const context& c) {
    const auto* column = defined_column(c, is_meant);
    if (!column) return std::nullopt;
    return described("column " + readable(column->name) + " is money, whose meaning depends on lc_monetary", c);
}

}  // namespace

extern const rule money_column;
constinit const rule money_column{
    .text =
        {
            .id = "money-column",
            .family = family::advice,
            .summary = "A column of type money",
            .fires_when = "CREATE TABLE or ADD COLUMN with a column of the type",
            .harm = "The currency and the number of decimals are those of the server's lc_monetary: a dump that is "
                    "restored elsewhere has other amounts.",
            .remedy = "Use numeric, and a column for the currency.",
            .before = "ALTER TABLE orders ADD COLUMN total money",
            .after = "ALTER TABLE orders ADD COLUMN total numeric(12, 2)",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
