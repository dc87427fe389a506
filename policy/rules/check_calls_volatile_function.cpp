#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

bool known_volatile(const relation_name& function, const catalog_facts& catalog) {
    return std::any_of(catalog.functions.begin(), catalog.functions.end(),
                       [&](const auto& known) { return known.first == function && known.second; });
}

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    const auto* step = added_constraint(c, [&](const constraint_words& k) {
        return k.expression && std::any_of(k.expression->functions.begin(), k.expression->functions.end(),
                                           [&](const auto& f) { return known_volatile(f, c.known.catalog()); });
    });
    if (!step) return std::nullopt;
    return described("constraint " + readable(step->name) + " of " + readable(table->name) + " calls a volatile function", c);
}

}  // namespace

extern const rule check_calls_volatile_function;
constinit const rule check_calls_volatile_function{
    .text =
        {
            .id = "check-calls-volatile-function",
            .family = family::advice,
            .summary = "A CHECK calls a function that may change its answer",
            .fires_when = "the expression of a CHECK that is added calls a function that is VOLATILE",
            .harm = "PostgreSQL checks a row when it is written, and never again: what the function looks up may "
                    "change, and a backup with such rows cannot be restored.",
            .remedy = "Check the row's own columns only; use a foreign key or a trigger for what depends on other "
                      "rows.",
            .given = "CREATE FUNCTION is_known(bigint) RETURNS boolean LANGUAGE sql AS 'SELECT $1 < random()'",
            .before = "ALTER TABLE orders ADD CONSTRAINT customer_known CHECK (is_known(customer_id)) NOT VALID",
            .after = "ALTER TABLE orders ADD CONSTRAINT customer_known CHECK (customer_id > 0) NOT VALID",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
