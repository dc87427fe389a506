#include "policy/hazards.hpp"
#include "policy/quote.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto table = altered_table_in_use(c);
    if (!table) return std::nullopt;
    if (!altered_by(c, [](const alter_step& s) { return s.action == alter_action::switch_row_security && s.value == "enable"; }))
        return std::nullopt;
    return described("roles for which no policy of " + readable(table->name) + " speaks see none of its rows any more", c);
}

}  // namespace

extern const rule row_security_enabled;
constinit const rule row_security_enabled{
    .text =
        {
            .id = "row-security-enabled",
            .family = family::compatibility,
            .summary = "Row security is switched on for a table that is in use",
            .fires_when = "ALTER TABLE ... ENABLE or FORCE ROW LEVEL SECURITY on a table that was not made in this "
                          "transaction",
            .harm = "From the COMMIT on every role but the owner (with FORCE: the owner, too) sees only the rows "
                    "that a policy allows: without one, none. The application gets no error, it gets nothing.",
            .remedy = "Create the policies for all roles of the application first; they have no effect until row "
                      "security is switched on.",
            .before = "ALTER TABLE orders ENABLE ROW LEVEL SECURITY",
            .after = "CREATE POLICY everything ON orders USING (true)",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
