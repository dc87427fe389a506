#include "policy/hazards.hpp"

namespace policy::rules {
namespace {

std::optional<hazard> check(const context& c) {
    const auto* d = std::get_if<ddl>(&c.what.what);
    if (!d || d->kind != object_kind::extension || c.what.kind != "ALTER EXTENSION") return std::nullopt;
    return described("what the extension's script changes and locks cannot be seen", c);
}

}  // namespace

extern const rule extension_updated;
constinit const rule extension_updated{
    .text =
        {
            .id = "extension-updated",
            .family = family::opaque,
            .summary = "An extension is updated",
            .fires_when = "ALTER EXTENSION ... UPDATE",
            .harm = "The extension's own script runs: it may change tables and functions that are in use, and lock "
                    "them for as long as it takes.",
            .remedy = "Read the release notes of the extension, and update it where nothing waits.",
            .before = "ALTER EXTENSION postgis UPDATE",
            .after = "CREATE EXTENSION IF NOT EXISTS postgis",
            .action = config::action::allow,
        },
    .check = &check,
};

}  // namespace policy::rules
