#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool is_meant(const column_words& column) noexcept {
    const auto& t = column.type_parts.name;
    return t == "timestamp";
}

std::optional<hazard> check(const context& c) {
    const auto* column = defined_column(c, is_meant);
    if (!column) return std::nullopt;
    return described("column " + readable(column->name) + " holds a time without saying where", c);
}

}  // namespace

extern const rule timestamp_without_time_zone;
constinit const rule timestamp_without_time_zone{
    .text =
        {
            .id = "timestamp-without-time-zone",
            .family = family::advice,
            .summary = "A column of type timestamp without time zone",
            .fires_when = "CREATE TABLE or ADD COLUMN with a column of the type",
            .harm = "The same value means another moment in each session's TimeZone, and an hour a year exists twice.",
            .remedy = "Use timestamptz.",
            .before = "ALTER TABLE orders ADD COLUMN sent timestamp",
            .after = "ALTER TABLE orders ADD COLUMN sent timestamptz",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
