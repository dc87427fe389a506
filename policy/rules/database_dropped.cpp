#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    if (c.what.kind != "DROP DATABASE") return std::nullopt;
    return described("a whole database is dropped", c);
}

}  // namespace

extern const rule database_dropped;
constinit const rule database_dropped{
    .text =
        {
            .id = "database-dropped",
            .family = family::destructive,
            .summary = "A database is dropped",
            .fires_when = "DROP DATABASE, with or without IF EXISTS and FORCE",
            .harm = "Everything in it is gone at once, and cannot be rolled back. With FORCE the sessions that use "
                    "it are ended.",
            .remedy = "Rename the database, see that nobody misses it, take a last backup, then drop it.",
            .before = "DROP DATABASE shop",
            .after = "ALTER DATABASE shop ALLOW_CONNECTIONS false",
            .action = config::action::warn,
        },
    .check = &check,
};

}  // namespace policy::rules
