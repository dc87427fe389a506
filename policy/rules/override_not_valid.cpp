#include "policy/quote.hpp"
#include "policy/rules.hpp"

namespace policy::rules {
namespace {

std::string mistake(const override_words& o, const context& c) {
    if (!o.mistake.empty()) return o.mistake;
    for (const auto& id : o.rules)
        if (!find_rule(id)) return unknown_rule(id);
    if (o.reason.empty()) return "it gives no reason";
    if (!may_override(c.session.user, c.settings))
        return "the user " + readable(c.session.user) + " may not set rules aside";
    return {};
}

std::optional<hazard> check(const context& c) {
    for (const auto& o : c.overrides) {
        if (o.statement != c.index) continue;
        if (const auto what = mistake(o, c); !what.empty())
            return hazard{.message = "the comment that sets rules aside cannot be heeded: " + what,
                          .detail = "It stands at byte " + std::to_string(o.offset + 1) + " of the text."};
    }
    return std::nullopt;
}

}  // namespace

extern const rule override_not_valid;
constinit const rule override_not_valid{
    .text =
        {
            .id = "override-not-valid",
            .family = family::opaque,
            .summary = "A comment asks to set a rule aside and cannot be heeded",
            .fires_when = "a comment that begins with `lockkeeper:` names a rule that does not exist, gives no "
                          "reason, is written in another way than `lockkeeper: allow RULE reason=\"...\"`, or comes "
                          "from a user who may not (overrides.users)",
            .harm = "Whoever wrote it relies on a rule being set aside that is not.",
            .remedy = "Write /* lockkeeper: allow RULE reason=\"why it is safe here\" */ before the statement; "
                      "`lockkeeper rules` lists the rules.",
            .before = "ALTER TABLE t ADD a int /* lockkeeper: allow tabel-renamed reason=\"x\" */",
            .after = "ALTER TABLE t ADD a int /* lockkeeper: allow table-renamed reason=\"x\" */",
            .action = config::action::reject,
        },
    .check = &check,
};

}  // namespace policy::rules
