#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "config/settings.hpp"
#include "policy/catalog.hpp"
#include "policy/decision.hpp"
#include "policy/facts.hpp"
#include "policy/overrides.hpp"
#include "policy/statement.hpp"

namespace policy {

// The statements of one text through all the rules, in order, to one decision.
decision evaluate(std::span<const statement> statements, std::string_view text, const session_facts& session,
                  const catalog_facts& catalog, const config::settings& settings,
                  std::span<const override_words> overrides = {});

// Where a text can be read in two ways: the decision that is safe for both.
decision stricter(decision a, decision b);

}  // namespace policy
