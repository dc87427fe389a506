#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "config/settings.hpp"
#include "policy/effects.hpp"
#include "policy/facts.hpp"
#include "policy/known_relations.hpp"
#include "policy/overrides.hpp"
#include "policy/plan.hpp"
#include "policy/statement.hpp"

namespace policy {

// What kind of harm a rule is about (its pages are grouped by it).
enum class family {
    blocking,       // reads or writes wait while something grows with the table
    compatibility,  // breaks the version of the application that still runs
    transaction,    // statements that are harmless alone
    destructive,    // rows or objects are gone
    opaque,         // what is done cannot be seen
    advice,         // no harm today
};
std::string_view name(family f) noexcept;

// What a person needs to know about a rule. Error messages, `explain`, the rules page and the example tests are all
// made from this.
struct rule_text {
    std::string_view id;          // names the pattern, never the cure; reads well after "allow"
    policy::family family = family::blocking;
    std::string_view summary;     // the pattern, in a few words
    std::string_view fires_when;
    std::string_view harm;
    std::string_view remedy;
    std::string_view django;      // the remedy in Django's words; empty: nothing of its own to say
    std::string_view given;       // what must be there, beside the tables that it names, for the example to show it; only
                                  // the catalog knows. Empty: the text alone does
    std::string_view before;      // an example that it fires on
    std::string_view after;       // the example made right
    // Where the configuration says nothing. A rule that allows is silent on the wire; `check` reports it.
    config::action action = config::action::reject;
};

// Everything that a rule sees. Same input, same answer: no clock, no I/O, no globals.
struct context {
    const statement& what;
    const effects& does;
    const known_relations& known;
    const session_facts& session;
    const config::scoped_settings& settings;  // those of its scope
    std::string_view text;                         // the whole text judged
    bool alone = true;                             // the text's only statement
    std::span<const setting_change> sets_before{};  // by the statements before it in the text
    std::span<const override_words> overrides{};    // of the whole text
    std::size_t index = 0;                          // of the statement in the text
    bool only_change = true;                       // its only statement but for SET CONSTRAINTS

    // The statement as the client has written it.
    std::string_view own_text() const { return text.substr(what.where.offset, what.where.length); }
};

// A rule found its pattern, and it does harm here.
struct hazard {
    std::string message;         // one sentence that names it
    std::string detail;          // what would have happened
    std::optional<plan> instead;  // what can run in its place
    std::string cannot;          // why nothing can, where the rule usually rewrites
    std::string sqlstate = "LK001";
};

struct rule {
    rule_text text;
    bool rewrites = false;  // `rewrite` may be configured for it
    std::optional<hazard> (*check)(const context&);
};

}  // namespace policy
