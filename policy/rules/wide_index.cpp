#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

constexpr std::size_t many = 4;

std::optional<hazard> check(const context& c) {
    const auto* i = std::get_if<create_index>(&c.what.what);
    if (!i || i->unique || i->columns.size() < many) return std::nullopt;
    const auto table = c.known.relation(i->table);
    if (!in_use(table)) return std::nullopt;
    return described("the index has " + std::to_string(i->columns.size()) + " columns", c);
}

}  // namespace

extern const rule wide_index;
constinit const rule wide_index{
    .text =
        {
            .id = "wide-index",
            .family = family::advice,
            .summary = "An index on many columns",
            .fires_when = "CREATE INDEX, not UNIQUE, has four columns or more, and the table was not made in this "
                          "transaction",
            .harm = "Columns behind the third rarely narrow a search, but every write pays for them, and an UPDATE "
                    "of any of them is no longer a cheap one (HOT).",
            .remedy = "Index the columns that narrow the search most; put those that are only read into INCLUDE, "
                      "or leave them out.",
            .before = "CREATE INDEX CONCURRENTLY orders_wide ON orders (customer_id, status, total, shipped)",
            .after = "CREATE INDEX CONCURRENTLY orders_open ON orders (customer_id, status)",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
