#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    if (c.what.kind != "DROP OWNED") return std::nullopt;
    return described("everything that the role owns in this database is dropped", c);
}

}  // namespace

extern const rule owned_objects_dropped;
constinit const rule owned_objects_dropped{
    .text =
        {
            .id = "owned-objects-dropped",
            .family = family::destructive,
            .summary = "All that a role owns is dropped",
            .fires_when = "DROP OWNED BY",
            .harm = "Every table, view, sequence and function of the role goes in one statement, under ACCESS "
                    "EXCLUSIVE on each of them, and the privileges that it was granted with them.",
            .remedy = "Use REASSIGN OWNED BY to give the objects to another role, or drop them by name; then DROP "
                      "OWNED takes nothing but the privileges.",
            .before = "DROP OWNED BY intern",
            .after = "REASSIGN OWNED BY intern TO staff",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
