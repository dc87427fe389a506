#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool is_meant(const column_words& column) noexcept {
    const auto& t = column.type_parts.name;
    return t == "bpchar";
}

std::optional<hazard> check(const context& c) {
    const auto* column = defined_column(c, is_meant);
    if (!column) return std::nullopt;
    return described("column " + readable(column->name) + " is char(n), which is padded with blanks", c);
}

}  // namespace

extern const rule char_column;
constinit const rule char_column{
    .text =
        {
            .id = "char-column",
            .family = family::advice,
            .summary = "A column of type char(n)",
            .fires_when = "CREATE TABLE or ADD COLUMN with a column of the type",
            .harm = "Values are filled up with blanks, which take space and vanish in some comparisons but not in "
                    "others. It is no faster than text.",
            .remedy = "Use text, with a CHECK where the length matters.",
            .before = "ALTER TABLE orders ADD COLUMN code char(8)",
            .after = "ALTER TABLE orders ADD COLUMN code text",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
