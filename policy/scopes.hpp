#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "policy/effects.hpp"
#include "policy/facts.hpp"
#include "policy/known_relations.hpp"
#include "policy/statement.hpp"

namespace policy {

// A relation as scopes see it.
struct scoped_relation {
    std::string name;                   // schema.relation, without quotes
    std::optional<std::uint64_t> size;  // bytes; nullopt: unknown, so large
    bool target = true;                 // what the statement is about; else one that it only locks on the way

    bool operator==(const scoped_relation&) const = default;
};

std::vector<scoped_relation> scoped_relations(const statement& s, const effects& does, const known_relations& known);

// The settings for a statement of this session that touches these relations. Later scopes win, key by key. Each target
// gets its own settings, and so does each other relation that a scope names; the strictest of them hold.
config::scoped_settings settings_for(const config::settings& all, const session_facts& session,
                                     std::span<const scoped_relation> relations);

// What is at least as strict as both.
config::conduct stricter(const config::conduct& a, const config::conduct& b);
config::scoped_settings stricter(const config::scoped_settings& a, const config::scoped_settings& b);

// Does the moment fall into these hours?
bool covers(const config::hours& h, const moment& now) noexcept;

}  // namespace policy
