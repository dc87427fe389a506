#include <algorithm>

#include "policy/duration.hpp"
#include "policy/rule.hpp"
#include "policy/wording.hpp"

namespace policy::rules {
namespace {

using std::chrono::milliseconds;

bool looser(const setting_change& change, milliseconds limit) {
    if (limit == milliseconds(0)) return false;  // no limit is put around the statement
    const auto value = change.value ? timeout_value(*change.value) : std::nullopt;
    return !value || *value == milliseconds(0) || *value > limit;
}

std::optional<hazard> check(const context& c) {
    if (c.does.timeouts != timeout_class::blocking) return std::nullopt;
    // Of several settings the last one counts.
    for (auto change = c.sets_before.rbegin(); change != c.sets_before.rend(); ++change) {
        const bool lock = change->name == "lock_timeout";
        if (!lock && change->name != "statement_timeout") continue;
        const bool overruled = std::any_of(c.sets_before.rbegin(), change, [&](const auto& later) { return later.name == change->name; });
        const auto limit = lock ? c.settings.timeouts.lock : c.settings.timeouts.statement;
        if (overruled || !looser(*change, limit)) continue;
        hazard h;
        h.message = change->name + " is set to " + change->value.value_or("its default") + " in the same text as " +
                    c.what.kind + ", for which " + std::to_string(limit.count()) + "ms are allowed";
        if (const auto* worst = heaviest(c.does)) h.detail = effect_text(*worst);
        return h;
    }
    return std::nullopt;
}

}  // namespace

extern const rule timeout_loosened_in_text;
constinit const rule timeout_loosened_in_text{
    .text =
        {
            .id = "timeout-loosened-in-text",
            .family = family::blocking,
            .summary = "A timeout is loosened and a blocking statement sent in one text",
            .fires_when = "a text of several statements sets lock_timeout or statement_timeout to more than the configured "
                          "value, or to none, before a statement that blocks other sessions",
            .harm = "While the statement waits for its lock, everything that comes after it on the table waits too; "
                    "without a short lock_timeout one long query is enough to stop the application.",
            .remedy = "Leave the timeouts to Lockkeeper, or send the SET as a message of its own: then the stricter of "
                      "the two values counts.",
            .django = "In a migration: leave the SET out of RunSQL, or give it a RunSQL of its own.",
            .before = "SET lock_timeout = 0; ALTER TABLE orders ADD COLUMN note text",
            .after = "SET lock_timeout = '200ms'; ALTER TABLE orders ADD COLUMN note text",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
